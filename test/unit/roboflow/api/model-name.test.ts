import assert from "node:assert/strict";
import { test } from "node:test";
import { readModelName } from "../../../../nodes/roboflow/api/model-name";

const names: Record<string, [project: string, version: string]> = {
  "": ["", ""],
  people: ["people", ""],
  "people/4": ["people", "4"],
  " /people/4/ ": ["people", "4"],
  "yard/people": ["people", ""],
  "yard/people/4": ["people", "4"],
  "yard/people/model/4": ["people", "4"],
  "https://universe.roboflow.com/team/project/model/4": ["project", "4"],
  "https://universe.roboflow.com/team/project/model/4/": ["project", "4"],
  "https://universe.roboflow.com/team/project/model/4?conf=0.5#try": ["project", "4"],
  "https://universe.roboflow.com/team/project/dataset/12": ["project", "12"],
  "https://universe.roboflow.com/team/project": ["project", ""],
  "https://app.roboflow.com/team/project/4": ["project", "4"],
  "HTTPS://App.Roboflow.com/team/project/4": ["project", "4"],
  "https://app.roboflow.com/team/project/visualize/4": ["project", "4"],
  "https://app.roboflow.com/team/project/models/project/4": ["project", "4"],
  "https://app.roboflow.com/team/project/deploy?version=4": ["project", ""],
  "universe.roboflow.com/team/project/model/4": ["project", "4"],
  "https://detect.roboflow.com/project/4?api_key=secret": ["project", "4"],
  "https://serverless.roboflow.com/project/4": ["project", "4"],
};
for (const [text, [project, version]] of Object.entries(names))
  test(`"${text}" is project "${project}", version "${version}"`, () =>
    assert.deepEqual(readModelName(text), { project, version }));

const others = [
  "https://universe.roboflow.com/",
  "https://universe.roboflow.com/team",
  "https://universe.roboflow.com/search?q=people",
  "https://docs.roboflow.com/team/project/4",
  "https://models.example/team/project/4",
  "https://roboflow.com.example/team/project/4",
  "https://detect.roboflow.com/team/project/4",
  "https://detect.roboflow.com/team/project",
  "models.example/team/project/4",
  "file:///models/people.pt",
  "team/project/model",
  "a/b/c/d",
];
for (const text of others)
  test(`"${text}" names no model for certain`, () => assert.equal(readModelName(text), undefined));
