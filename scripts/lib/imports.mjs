import { parseSync } from 'oxc-parser'

/**
 * @typedef {object} Import
 * @property {string} specifier
 * @property {number} line
 * @property {boolean} typeOnly erased by the compiler, so that nothing is loaded for it
 */

/**
 * Every module that a TypeScript file names: imports, re-exports and `import()` of a literal.
 *
 * @param {string} file its name, for the error message
 * @param {string} source
 * @returns {Import[]}
 */
export function importsOf(file, source) {
  const { module, errors } = parseSync(file, source)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
  /** @type {Import[]} */
  const found = []
  const add = (
    /** @type {string} */ specifier,
    /** @type {number} */ start,
    /** @type {boolean} */ typeOnly,
  ) => found.push({ specifier, line: source.slice(0, start).split('\n').length, typeOnly })

  // `import { type A }` still loads the module (verbatimModuleSyntax); `import type` does not.
  const isErased = (/** @type {number} */ start) =>
    /^(import|export)\s+type\b/.test(source.slice(start, start + 40))
  for (const { moduleRequest, start } of module.staticImports) {
    add(moduleRequest.value, start, isErased(start))
  }
  for (const { entries, start } of module.staticExports) {
    const request = entries[0]?.moduleRequest
    if (request) add(request.value, start, isErased(start))
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const literal = source.slice(moduleRequest.start, moduleRequest.end).match(/^(['"`])([^$]*)\1$/)
    if (literal) add(literal[2], start, false)
  }
  return found
}
