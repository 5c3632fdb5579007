import { isObject } from "../json";
import { textField } from "./answers";
import { type AvailableModel, isOneOf, trainedTypes } from "./model-types";

export interface Project {
  /** The slug. */
  id: string;
  name: string;
  inferenceType: string;
}

/** `single-label-classification` and `multi-label-classification` are one type to a job. */
const inferenceTypeOf = (projectType: string) =>
  projectType.endsWith("classification") ? "classification" : projectType;

const slugOf = (id: string) => id.split("/").pop() ?? "";
const records = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
const inside = (value: unknown, field: string): unknown => (isObject(value) ? value[field] : undefined);

/** The slug of the key's workspace (docs/api.md, "Finding models"). */
export const readWorkspace = (answer: unknown): string | undefined => textField(answer, "workspace");

/** A workspace's display name and those of its projects that a job can run and that have versions. */
export function readProjects(answer: unknown): { name: string | undefined; projects: Project[] } {
  const workspace = inside(answer, "workspace");
  const projects = records(inside(workspace, "projects")).flatMap((project) => {
    const id = textField(project, "id");
    const inferenceType = inferenceTypeOf(textField(project, "type") ?? "");
    if (!id || !isOneOf(trainedTypes, inferenceType) || project.versions === 0) return [];
    return [{ id: slugOf(id), name: textField(project, "name") ?? slugOf(id), inferenceType }];
  });
  return { name: textField(workspace, "name"), projects };
}

/** A project's versions that have a trained model. */
export function readVersions(answer: unknown, project: Project): AvailableModel[] {
  return records(inside(answer, "versions")).flatMap((version) => {
    const id = textField(version, "id");
    if (!id || !version.model) return [];
    const created = Number(version.created);
    return [
      {
        modelId: project.id,
        modelVersion: slugOf(id),
        name: project.name,
        versionName: textField(version, "name") ?? slugOf(id),
        inferenceType: project.inferenceType,
        created: Number.isFinite(created) ? created : 0,
      },
    ];
  });
}

/** Newest first, and by project and version where that is equal. */
export const newestFirst = (one: AvailableModel, other: AvailableModel): number =>
  other.created - one.created ||
  one.modelId.localeCompare(other.modelId) ||
  Number(other.modelVersion) - Number(one.modelVersion);
