import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root folder of the repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** @param {string[]} parts a path below the repository's root */
export const inRepo = (...parts) => join(root, ...parts)

/** @param {string} path */
export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** The exact pnpm that the workspace is written for, e.g. `pnpm@10.34.9`; package.json is the one place. */
export const pnpmSpec = () =>
  /** @type {string} */ (readJson(inRepo('package.json')).packageManager)

/** The environment for tools of the workspace: its own binaries first, nothing that phones home. */
export function toolEnvironment() {
  return {
    ...process.env,
    PATH: [inRepo('node_modules', '.bin'), process.env.PATH].join(delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    npm_config_update_notifier: 'false',
    npm_config_loglevel: 'error',
  }
}

/**
 * The folders of the workspace's packages, relative to the root, as pnpm-workspace.yaml lists them.
 *
 * @returns {string[]}
 */
export function workspaceFolders() {
  const lines = readFileSync(inRepo('pnpm-workspace.yaml'), 'utf8').split('\n')
  const start = lines.indexOf('packages:') + 1
  const length = lines.slice(start).findIndex((line) => !line.startsWith('  - '))
  return lines
    .slice(start, start + length)
    .map((line) => line.slice('  - '.length))
    .flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [pattern]
      const parent = pattern.slice(0, -'/*'.length)
      return readdirSync(inRepo(parent)).map((name) => `${parent}/${name}`)
    })
    .filter((folder) => existsSync(inRepo(folder, 'package.json')))
    .sort()
}
