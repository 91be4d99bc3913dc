"use strict";
// Asks one of two programs about state machines: `machines.cjs MODULES TOOL FILE`, where MODULES is a node_modules and FILE
// what machines.py wrote. One line on stdout says what came of it.

const fs = require("node:fs");
const { createRequire } = require("node:module");

const [modules, tool, file] = process.argv.slice(2);
const load = createRequire(`${modules}/`);

/** Each gives a function from a definition to what is wrong with it. */
const TOOLS = {
  "asl-validator": () => {
    const validator = load("asl-validator");
    return (definition) => validator(definition).errors.map((error) => JSON.stringify(error));
  },
  "amazon-states-language-service": () => {
    const { getLanguageService } = load("amazon-states-language-service");
    const { TextDocument } = load("vscode-languageserver-textdocument");
    const service = getLanguageService({});
    return async (definition) => {
      const text = JSON.stringify(definition, null, 2);
      const document = TextDocument.create("file:///machine.asl.json", "json", 1, text);
      const found = await service.doValidation(document, service.parseJSONDocument(document));
      return found.map((finding) => `line ${finding.range.start.line + 1}: ${finding.message}`);
    };
  },
};

/** What is spoilt in each machine, and which tool sees it: each misses what the other finds. */
const MUTATIONS = [
  {
    name: "a first state that does not exist",
    seenBy: ["asl-validator", "amazon-states-language-service"],
    spoil: (definition) => {
      definition.StartAt = "Nowhere";
    },
  },
  {
    name: "JSONata that ends too early",
    seenBy: ["asl-validator"],
    spoil: (definition) => {
      Object.values(definition.States)[0].Output = "{% $sum( %}";
    },
  },
  {
    name: "a path that is none",
    seenBy: ["amazon-states-language-service"],
    spoil: (definition) => {
      delete definition.QueryLanguage;
      definition.States = {
        [definition.StartAt]: { Type: "Pass", Parameters: { "S.$": "breed" }, End: true },
      };
    },
  },
];

async function main() {
  const machines = JSON.parse(fs.readFileSync(file, "utf8"));
  const objections = TOOLS[tool]();
  const mutations = MUTATIONS.filter((mutation) => mutation.seenBy.includes(tool));
  const complaints = machines.length === 0 ? ["no state machine was found"] : [];
  for (const { place, definition } of machines) {
    for (const { name, spoil } of mutations) {
      const spoilt = structuredClone(definition);
      spoil(spoilt);
      if ((await objections(spoilt)).length === 0) complaints.push(`${place}: ${name} is not noticed`);
    }
    for (const objection of await objections(definition)) complaints.push(`${place}: ${objection}`);
  }
  const caught = mutations.map((mutation) => mutation.name).join(" and ");
  console.log(complaints.join("\n") || `${machines.length} state machines clean; ${caught} caught in each`);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}

main();
