"use strict";
// API Gateway's variables around Velocity.js: `$input`, `$util`, `$context` and `$stageVariables`, and those methods of Java's
// strings and maps which JavaScript spells otherwise. What Velocity.js has of its own is left to it.

/** Gives a function that renders a case: `{text, overrides}`, or it throws. */
function gateway(load) {
  const { Compile, parse } = load("velocityjs");
  const { JSONPath } = load("jsonpath-plus");

  return (sample) => {
    const context = structuredClone(sample.context ?? {});
    context.requestOverride = { header: {}, querystring: {}, path: {} };
    context.responseOverride = { header: {} };
    const variables = {
      context,
      input: input(sample, JSONPath),
      stageVariables: { ...sample.stage_variables },
      util: UTIL,
    };
    const template = new Compile(parse(sample.template), { customMethodHandlers: JAVA });
    const text = template.render(variables, {}, sample.quiet);
    return { text, overrides: overrides(context) };
  };
}

/** The body as JSON: none is an empty object, and what does not begin like JSON is a text. */
function json(body) {
  if (body === undefined || body.trim() === "") return {};
  if (/^\s*[[{]/.test(body)) return JSON.parse(body);
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/** A path that may lead to several values, so that its result is a list even of one. */
const SEVERAL = /\.\.|\*|\?\(|\[[^\]'"]*[,:]|'\s*,\s*'/;

function input(sample, JSONPath) {
  let parsed;
  const find = (path) => {
    parsed ??= { body: json(sample.body) };
    if (path === "$") return parsed.body;
    const found = JSONPath({ path, json: parsed.body, wrap: true, eval: "safe" });
    return SEVERAL.test(path) ? found : found?.[0];
  };
  const groups = { path: {}, querystring: {}, header: {}, ...structuredClone(sample.params ?? {}) };
  const named = (group, name) => {
    const same = (key) => (group === "header" ? key.toLowerCase() === name.toLowerCase() : key === name);
    const key = Object.keys(groups[group]).find(same);
    return key === undefined ? undefined : groups[group][key];
  };
  return {
    body: sample.body || "{}",
    path: (path) => find(path) ?? undefined,
    json: (path) => {
      const found = find(path);
      return found === undefined ? '""' : JSON.stringify(found);
    },
    params: (name) => {
      if (name === undefined) return groups;
      return ["path", "querystring", "header"].map((group) => named(group, name)).find((found) => found !== undefined) ?? "";
    },
  };
}

const ESCAPES = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r" };
const hex = (unit) => `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
/** Java's functions give null for null. */
const unlessNull = (compute) => (value) => (value === undefined || value === null ? undefined : compute(String(value)));

const UTIL = {
  escapeJavaScript: unlessNull((text) =>
    // The unit flag is left out so that a character beyond 16 bits is two units, as in Java.
    text.replace(/['"\\/]|[^ -\x7f]/g, (found) => ESCAPES[found] ?? (/['"\\/]/.test(found) ? `\\${found}` : hex(found))),
  ),
  urlEncode: unlessNull((text) =>
    encodeURIComponent(text)
      .replace(/[!'()~]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+"),
  ),
  urlDecode: unlessNull((text) => decodeURIComponent(text.replaceAll("+", " "))),
  base64Encode: unlessNull((text) => Buffer.from(text).toString("base64")),
  base64Decode: unlessNull((text) => Buffer.from(text, "base64").toString()),
  parseJson: unlessNull((text) => JSON.parse(text)),
};

/** Java's replacement text knows `$1` and `\x`; JavaScript's `$1`, `$$` and `$&`. */
const replacement = (text) => text.replace(/\\(.)|\$(?!\d)/gs, (found, escaped) => (escaped ?? found).replaceAll("$", "$$$$"));

const STRINGS = {
  contains: (text, part) => text.includes(part),
  equals: (text, other) => text === other,
  equalsIgnoreCase: (text, other) => text.toLowerCase() === String(other).toLowerCase(),
  isEmpty: (text) => text === "",
  length: (text) => text.length,
  matches: (text, pattern) => new RegExp(`^(?:${pattern})$`).test(text),
  replace: (text, from, to) => text.split(from).join(to),
  replaceAll: (text, pattern, to) => text.replace(new RegExp(pattern, "g"), replacement(to)),
  replaceFirst: (text, pattern, to) => text.replace(new RegExp(pattern), replacement(to)),
};
const MAPS = {
  containsKey: (map, key) => Object.hasOwn(map, key),
  isEmpty: (map) => Object.keys(map).length === 0,
};
const LISTS = {
  contains: (list, element) => list.includes(element),
  isEmpty: (list) => list.length === 0,
};

function methodsOf(value) {
  if (typeof value === "string") return STRINGS;
  if (Array.isArray(value)) return LISTS;
  // The variables above have methods of their own.
  return value && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype ? MAPS : {};
}

const JAVA = [
  {
    uid: "java",
    match: ({ property, context }) =>
      Object.hasOwn(methodsOf(context), property) && !(typeof context === "object" && Object.hasOwn(context, property)),
    resolve: ({ property, params, context }) => methodsOf(context)[property](context, ...params),
  },
];

/** What the template asked to override, in the shape that the corpus states. */
function overrides({ requestOverride, responseOverride }) {
  const listed = (group) =>
    Object.fromEntries(Object.entries(group).map(([name, value]) => [name, [value].flat().map(String)]));
  return {
    request_header: listed(requestOverride.header),
    request_querystring: listed(requestOverride.querystring),
    request_path: Object.fromEntries(Object.entries(requestOverride.path).map(([name, value]) => [name, String(value)])),
    response_status: responseOverride.status === undefined ? null : Number(responseOverride.status),
    response_header: listed(responseOverride.header),
  };
}

module.exports = { gateway };
