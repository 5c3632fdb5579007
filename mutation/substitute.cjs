// Preloaded into a test: gives it the text in MUTANT_TEXT wherever it reads the source file MUTANT_FILE. What the test
// starts inherits it.
const fs = require("node:fs");
const { MUTANT_FILE, MUTANT_TEXT } = process.env;
const read = fs.readFileSync;
fs.readFileSync = (file, options) => {
  const name = file instanceof URL ? require("node:url").fileURLToPath(file) : file;
  if (name !== MUTANT_FILE) return read(file, options);
  const bytes = read(MUTANT_TEXT);
  return options === undefined || options?.encoding === null ? bytes : bytes.toString("utf8");
};
