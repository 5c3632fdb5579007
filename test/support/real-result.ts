import path from "node:path";

/** A result of the real service; test/data/README.md says where it comes from. */
export const realResult = path.join(__dirname, "..", "data", "forklift-pallets-5fps.json");
