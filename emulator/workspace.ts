import { type Answer, apiError, json } from "./answers";

interface Project {
  slug: string;
  type: string;
  name: string;
  classes: Record<string, number>;
  /** Version numbers, and whether a model was trained on them. */
  versions: { number: number; trained: boolean }[];
}

/** The workspace that every key opens: something of each kind that a picker meets. */
export const workspace: { slug: string; name: string; projects: Project[] } = {
  slug: "yard-cameras",
  name: "Yard Cameras",
  projects: [
    {
      slug: "yard-motion",
      type: "object-detection",
      name: "Yard motion",
      classes: { motion: 1240 },
      versions: [
        { number: 1, trained: true },
        { number: 2, trained: true },
        { number: 3, trained: false },
      ],
    },
    {
      slug: "people-outline",
      type: "instance-segmentation",
      name: "People, outlined",
      classes: { motion: 310 },
      versions: [{ number: 1, trained: true }],
    },
    {
      slug: "gate-state",
      type: "single-label-classification",
      name: "Gate open or shut",
      classes: { motion: 80, still: 95 },
      versions: [
        { number: 4, trained: true },
        { number: 5, trained: true },
      ],
    },
    {
      slug: "weather-multilabel",
      type: "multi-label-classification",
      name: "Weather",
      classes: { motion: 60, still: 44 },
      versions: [{ number: 1, trained: true }],
    },
    {
      slug: "ground-semantic",
      type: "semantic-segmentation",
      name: "Ground",
      classes: { grass: 20, gravel: 20 },
      versions: [{ number: 1, trained: true }],
    },
  ],
};

export function welcome(): Answer {
  return json(200, {
    welcome: "Welcome to the Roboflow API.",
    instructions: "You are successfully authenticated.",
    docs: "https://docs.roboflow.com",
    workspace: workspace.slug,
  });
}

/** `GET /{workspace}`; here `versions` is a number. */
export function listWorkspace(slug: string): Answer {
  if (slug !== workspace.slug) return notFound("workspace", slug);
  const projects = workspace.projects.map((project) => ({
    ...facts(project),
    versions: project.versions.length,
    classes: project.classes,
  }));
  return json(200, {
    workspace: { name: workspace.name, url: workspace.slug, members: 1, projects },
  });
}

/** `GET /{workspace}/{project}`; a version without `model` was not trained. */
export function listProject(slug: string, projectSlug: string): Answer {
  const project = workspace.projects.find((candidate) => candidate.slug === projectSlug);
  if (slug !== workspace.slug || !project) return notFound("project", `${slug}/${projectSlug}`);
  const versions = project.versions.map(({ number, trained }) => ({
    id: `${workspace.slug}/${project.slug}/${number}`,
    name: `${project.name} v${number}`,
    created: 1_751_000_000 + number * 86_400,
    ...(trained && { model: { id: `${project.slug}/${number}`, status: "finished", map: "71.3" } }),
  }));
  return json(200, { project: { ...facts(project), versions: versions.length }, versions });
}

/**
 * Whether a start request may name this model. Names that are not in the workspace count as public models of others,
 * except those that begin with `unknown`.
 * @returns what is wrong with it, if something is
 */
export function problemWithModel(modelId: string, version: string | undefined): string | undefined {
  if (modelId.startsWith("unknown") || modelId.includes("/")) return `model ${modelId} was not found`;
  const own = workspace.projects.find((project) => project.slug === modelId);
  if (!own || version === undefined) return undefined;
  if (own.type === "semantic-segmentation")
    return `model ${modelId} cannot run on video: semantic segmentation`;
  const found = own.versions.find(({ number }) => String(number) === version);
  return found?.trained ? undefined : `version ${version} of ${modelId} has no trained model`;
}

function facts({ slug, type, name }: Project) {
  return { id: `${workspace.slug}/${slug}`, type, name, created: 1_751_000_000, public: false };
}

function notFound(what: string, name: string): Answer {
  return apiError(404, `Unsupported get request. The ${what} ${name} does not exist.`, {
    hint: "See https://docs.roboflow.com",
  });
}
