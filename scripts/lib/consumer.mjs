/** An empty project outside of the workspace that installs packages and uses them. */
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './exec.mjs'
import { inRepo } from './repo.mjs'
import { StepError, requireSuccess } from './steps.mjs'

/**
 * @typedef {object} Consumer
 * @property {string} folder
 * @property {string[]} wanted the packages that it asked for
 */

/**
 * Makes a project and installs packages into it with npm, without running anything of theirs.
 *
 * @param {string} folder
 * @param {string[]} wanted names, with or without versions
 * @param {string} registry where @flambeau comes from
 * @param {string[]} [flags] for npm
 * @returns {Promise<Consumer>}
 */
export async function makeConsumer(folder, wanted, registry, flags = []) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true }\n')
  const { NO_PROXY, no_proxy: noProxy = NO_PROXY } = process.env
  const direct = ['127.0.0.1', noProxy].filter(Boolean).join(',')
  writeFileSync(join(folder, '.npmrc'), `@flambeau:registry=${registry}\nnoproxy=${direct}\n`)
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  requireSuccess(
    await run('npm', [...args, ...flags, ...wanted], { cwd: folder }),
    `npm could not install ${wanted.join(', ')}`,
    'look at their package.json',
  )
  return { folder, wanted }
}

/**
 * The packages that lie in a project, sorted.
 *
 * @param {Consumer} consumer
 * @returns {string[]}
 */
export function installedNames({ folder }) {
  const top = join(folder, 'node_modules')
  return readdirSync(top)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(top, name)).map((part) => `${name}/${part}`) : [name],
    )
    .sort()
}

/**
 * Bytes of all files below a folder, as their lengths.
 *
 * @param {string} folder
 * @returns {number}
 */
export function sizeOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    return sum + (entry.isDirectory() ? sizeOf(path) : lstatSync(path).size)
  }, 0)
}

/**
 * Fails unless exactly the expected packages of flambeau lie there, and none of the others named.
 *
 * @param {Consumer} consumer
 * @param {{ flambeau: string[], without?: string[] }} expected
 */
export function checkTree(consumer, { flambeau, without = [] }) {
  const names = installedNames(consumer)
  const own = names.filter((name) => name.startsWith('@flambeau/'))
  const uninvited = [
    ...own.filter((name) => !flambeau.includes(name)),
    ...names.filter((name) => without.includes(name)),
  ]
  const missing = flambeau.filter((name) => !own.includes(name))
  if (uninvited.length > 0 || missing.length > 0) {
    throw new StepError(
      `${consumer.wanted.join(', ')} brought [${uninvited.join(', ')}] unasked, and not [${missing.join(', ')}]`,
      'look at the dependencies in their package.json',
    )
  }
}

/**
 * Writes a program into a project and runs it with an engine of choice.
 *
 * @param {Consumer} consumer
 * @param {string} name of the file, .mjs or .cjs
 * @param {string} source
 * @param {{ engine?: string[], fails?: boolean }} [options] engine: what is called before the file's
 *   name, this Node by default; fails: the program must end with an error
 * @returns {Promise<string>} what it printed
 */
export async function runProgram(consumer, name, source, options = {}) {
  const { engine: [command, ...before] = [process.execPath], fails } = options
  if (command === undefined)
    throw new TypeError('an engine is a command and what comes before the file')
  writeFileSync(join(consumer.folder, name), source)
  // A library path would let the addon find what users do not have.
  const env = { LD_LIBRARY_PATH: '', NODE_OPTIONS: '', NODE_PATH: '', FLAMBEAU_NATIVE: '' }
  const result = await run(command, [...before, name], { cwd: consumer.folder, env })
  if (fails && result.code === 0) {
    throw new StepError(
      `${name} ran where it should have failed`,
      'look at core/src/native-file.ts',
    )
  }
  if (!fails) {
    requireSuccess(
      result,
      `${name} does not run with ${consumer.wanted.join(', ')} installed`,
      'compare with what the tests import',
    )
  }
  return result.output
}

/**
 * Compiles a typed program as strictly as TypeScript can, and says what it printed when run.
 *
 * @param {Consumer} consumer
 * @param {'nodenext' | 'bundler'} resolution
 * @param {string} source
 */
export async function compileTyped(consumer, resolution, source) {
  const name = `typed-${resolution}`
  writeFileSync(join(consumer.folder, `${name}.mts`), source)
  const config = {
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
      moduleResolution: resolution,
      outDir: `out-${resolution}`,
    },
    files: [`${name}.mts`],
  }
  const project = join(consumer.folder, `tsconfig.${resolution}.json`)
  writeFileSync(project, JSON.stringify(config))
  requireSuccess(
    await run(inRepo('node_modules/.bin/tsc'), ['-p', project, '--pretty', 'false'], {
      cwd: consumer.folder,
    }),
    `a strict program does not compile with moduleResolution ${resolution}`,
    'look at the declarations that tsc names',
  )
  const ran = await run(process.execPath, [`out-${resolution}/${name}.mjs`], {
    cwd: consumer.folder,
  })
  requireSuccess(ran, `the compiled program (${resolution}) does not run`, 'look at its output')
  return ran.output
}
