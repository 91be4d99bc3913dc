"use strict";
// Compares Velocity.js with crate vtl: `velocity.cjs MODULES CASES ANSWERS`, where MODULES is a node_modules, CASES what
// mappings.py wrote, and ANSWERS what vtl's example `answers` made of the templates. Each disagreement must be settled in
// velocity-differences.toml, as it is. One line on stdout says what came of it.

const fs = require("node:fs");
const { createRequire } = require("node:module");

const { gateway } = require("./gateway.cjs");

const [modules, ...files] = process.argv.slice(2);
const [cases, answers] = files.map((file) => JSON.parse(fs.readFileSync(file, "utf8")));
const render = gateway(createRequire(`${modules}/`));

const NO_OVERRIDES = {
  request_header: {},
  request_querystring: {},
  request_path: {},
  response_status: null,
  response_header: {},
};
/** Why a template was refused differs from program to program; that it was does not. */
const REFUSED = "refused";

/** An outcome as one text: what was rendered, and after it what was overridden, if anything was. */
function told({ text, overrides }) {
  const all = { ...NO_OVERRIDES, ...overrides };
  const set = Object.entries(all).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(NO_OVERRIDES[name]));
  return set.length === 0 ? text : `${text} ${JSON.stringify(Object.fromEntries(set))}`;
}

function velocity(sample) {
  try {
    return told(render(sample));
  } catch {
    return REFUSED;
  }
}

function disagreements(samples, ours) {
  const found = new Map();
  samples.forEach((sample, index) => {
    const theirs = velocity(sample);
    if (theirs !== ours[index]) found.set(sample.name, { ours: ours[index], theirs });
  });
  return found;
}

/** What is not as the list of settled differences says. */
function complaints(found) {
  const { reason = {}, difference = [] } = cases.settled;
  const settled = new Map(difference.map((entry) => [entry.case, entry]));
  const said = [];
  if (settled.size !== difference.length) said.push("velocity-differences.toml settles a case twice");
  for (const [name, { ours, theirs }] of found) {
    const entry = settled.get(name);
    if (entry?.velocity !== theirs) {
      const before = entry ? `; settled is ${JSON.stringify(entry.velocity)}` : "";
      said.push(`${name}: vtl gives ${JSON.stringify(ours)}, Velocity.js ${JSON.stringify(theirs)}${before}`);
    }
  }
  for (const [name, entry] of settled) {
    if (!found.has(name)) said.push(`${name}: is settled, but there is no such disagreement: strike it`);
    if (!reason[entry.reason]) said.push(`${name}: there is no reason named ${entry.reason}`);
  }
  for (const name of Object.keys(reason)) {
    if (!difference.some((entry) => entry.reason === name)) said.push(`the reason ${name} is of no difference: strike it`);
  }
  return said;
}

/** What is spoilt in the templates that Velocity.js renders; crate vtl rendered them as they are. */
const MUTATIONS = {
  "an escape for another": (text) => text.replace(/\$util\.(escapeJavaScript|urlEncode)/g, "$util.base64Encode"),
  "a word misspelt": (text) => text.replace("message", "mesage"),
  "a status changed": (text) => text.replace("status = 4", "status = 5"),
};

function main() {
  const corpus = cases.corpus.map((sample) => (sample.error === undefined ? told({ text: sample.expect, ...sample }) : REFUSED));
  const templates = answers.map((answer) => (answer.error === undefined ? told(answer) : REFUSED));
  const ofTemplates = disagreements(cases.templates, templates);
  const found = new Map([...disagreements(cases.corpus, corpus), ...ofTemplates]);
  const said = complaints(found);
  for (const [name, spoil] of Object.entries(MUTATIONS)) {
    const spoilt = cases.templates.map((sample) => ({ ...sample, template: spoil(sample.template) }));
    if (disagreements(spoilt, templates).size <= ofTemplates.size) said.push(`${name} is not noticed`);
  }
  const count = cases.corpus.length + cases.templates.length;
  const caught = Object.keys(MUTATIONS).join(", ");
  console.log(said.join("\n") || `${count} renderings, ${found.size} differences settled and no other; ${caught} caught`);
  process.exitCode = said.length === 0 ? 0 : 1;
}

main();
