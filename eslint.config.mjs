// The map's script runs in the page of a reader: as a plain script, without modules or a build.
import js from "@eslint/js";
import globals from "globals";

const HTML = "Text enters the page as text: use SC.dom.";

export default [
  { ignores: ["**/leaflet/**", "node_modules/**", ".*/**", "out/**"] },
  js.configs.recommended,
  {
    rules: {
      complexity: ["error", 16],
      eqeqeq: "error",
      "max-lines": ["error", 500],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: HTML,
        })),
        { object: "document", property: "write", message: HTML },
      ],
      "no-script-url": "error",
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      strict: ["error", "global"],
    },
  },
  {
    files: ["src/**/*.js"],
    languageOptions: { sourceType: "script", globals: { ...globals.browser, L: "readonly" } },
  },
  {
    files: ["tests/js/*.js"],
    languageOptions: { sourceType: "commonjs", globals: globals.node },
  },
  {
    files: ["tests/browser/*.js"],
    languageOptions: { sourceType: "script", globals: globals.browser },
    rules: { strict: "off" }, // one function, handed to the page
  },
  { files: ["**/*.mjs"], languageOptions: { globals: globals.node } },
];
