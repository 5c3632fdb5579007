// Holds the published types (index.d.ts) against those that the code works with: where they differ, this does not compile.
// Whoever changes one changes the other as well.
import type * as published from "@camera-flows/node-red-roboflow-video";
import type { DetectionEvent, ErrorCode, Frame } from "../../nodes/roboflow";
import type { ApiModel } from "../../nodes/roboflow/api/models";
import type { ClassSummary, ClipSummary } from "../../nodes/roboflow/result/outputs/events";
import type { Box, Prediction } from "../../nodes/roboflow/result/types";
import type { Clip } from "../../nodes/runtime/message";

/** True for one and the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Without the properties that have no name of their own. */
type Named<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] };
/** Of the nodes among themselves. */
type Internal = "handover" | "resumes";

const holds = <Fact extends true>(fact?: Fact): Fact | undefined => fact;

holds<Same<published.ErrorCode, ErrorCode>>();
holds<Same<Named<published.RoboflowClip>, Omit<Named<Clip>, Internal>>>();
holds<Same<published.ApiModel, ApiModel>>();
holds<Same<published.Box, Box>>();
holds<Same<published.DetectionEvent, DetectionEvent>>();
holds<Same<published.ClassSummary, Named<ClassSummary>>>();
holds<Same<published.ClipSummary, ClipSummary>>();
// The code reads predictions as whatever the server sent; published is what they hold according to its documentation.
holds<published.Prediction extends Prediction ? true : false>();
holds<Same<Omit<published.Frame, "predictions">, Omit<Frame, "predictions">>>();
