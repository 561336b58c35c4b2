/** The JavaScript engines that flambeau is for, as npm has them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './exec.mjs'
import { readJson } from './repo.mjs'

/**
 * @typedef {object} Engine
 * @property {string} name with its version
 * @property {string[] | null} command what is called before a program's file; null: it could not be had
 * @property {string} [reason] why it could not be had
 */

const place = `${process.platform}-${process.arch}`

const wanted = [
  ...[20, 22, 24].map((major) => ({
    name: 'Node',
    from: `node-${place}@${major}`,
    program: 'bin/node',
    args: /** @type {string[]} */ ([]),
  })),
  { name: 'Bun', from: `@oven/bun-${place}@1`, program: 'bin/bun', args: [] },
  ...[[], ['--v8-flags=--expose-gc']].map((flags) => ({
    name: ['Deno', ...flags].join(' '),
    from: `@deno/${place}-glibc@2`,
    program: 'deno',
    args: ['run', '--allow-all', ...flags],
  })),
]

/**
 * Gets all engines from npm; those that cannot be had are named with the reason.
 *
 * @param {string} folder
 * @returns {Promise<Engine[]>}
 */
export async function fetchEngines(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  /** @type {Engine[]} */
  const found = []
  for (const [index, { name, from, program, args }] of wanted.entries()) {
    const alias = `engine${index}`
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
    const result = await run('npm', ['install', ...flags, `${alias}@npm:${from}`], { cwd: folder })
    if (result.code === 0) {
      const at = join(folder, 'node_modules', alias)
      const { version } = readJson(join(at, 'package.json'))
      found.push({ name: `${name} ${version}`, command: [join(at, program), ...args] })
    } else {
      const reason = result.output.trim().split('\n')[0] ?? ''
      found.push({ name: from, command: null, reason })
    }
  }
  return found
}
