import { numberSetting } from "../runtime/settings";
import { type AccountOptions, accountDefaults } from "./options";

/** What an account limits; how it is reached is read by `connect`, since that needs other nodes. */
export interface AccountSettings {
  /** 0 for no limit. */
  maxUploads: number;
  /** In any 24 hours; 0 for no limit. */
  jobsPerDay: number;
}

/** @throws VideoError CONFIG */
export function readSettings(options: AccountOptions): AccountSettings {
  const count = (name: "maxUploads" | "jobsPerDay") =>
    numberSetting(options[name], accountDefaults[name], { reason: name, min: 0, whole: true });
  return { maxUploads: count("maxUploads"), jobsPerDay: count("jobsPerDay") };
}
