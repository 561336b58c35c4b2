import { spawn, spawnSync } from 'node:child_process'
import { root, toolEnvironment } from './repo.mjs'

/**
 * @typedef {object} Result
 * @property {number} code exit status; 127 when the program could not be started
 * @property {string} output standard output and standard error, interleaved
 *
 * @typedef {object} Options
 * @property {string} [cwd] default: the repository's root
 * @property {NodeJS.ProcessEnv} [env] added to the tool environment
 * @property {boolean} [verbose] also show the output while it appears
 * @property {(line: string) => void} [onLine] called for each complete line of standard output
 */

/**
 * Runs a program to its end and keeps what it printed. Never rejects.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options]
 * @returns {Promise<Result>}
 */
export function run(command, args, { cwd = root, env = {}, verbose = false, onLine } = {}) {
  return new Promise((resolve) => {
    let output = ''
    let rest = ''
    const child = spawn(command, args, {
      cwd,
      env: { ...toolEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text
      if (verbose) process.stdout.write(text)
      if (!onLine) return
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(onLine)
    })
    child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text
      if (verbose) process.stderr.write(text)
    })
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }))
    child.on('close', (code, signal) => {
      if (rest && onLine) onLine(rest)
      if (signal) output += `killed by ${signal}\n`
      resolve({ code: code ?? 1, output })
    })
  })
}

/**
 * Runs a program in the foreground, with the caller's terminal and working directory, and returns its
 * exit status. An interrupt reaches the program first, so that it can finish what it is writing.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>}
 */
export function runInForeground(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })
    const keepWaiting = () => {}
    process.on('SIGINT', keepWaiting)
    const stop = () => child.kill('SIGTERM')
    process.on('SIGTERM', stop)
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`)
      resolve(127)
    })
    child.on('close', (code, signal) => {
      process.off('SIGINT', keepWaiting)
      process.off('SIGTERM', stop)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 1))
    })
  })
}

/**
 * What a program prints on standard output, or null when it is absent or fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {string | null}
 */
export function outputOf(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', env: toolEnvironment() })
  return result.status === 0 ? result.stdout.trim() : null
}

/**
 * @param {string} command
 * @returns {boolean} whether the program is on PATH
 */
export const onPath = (command) => outputOf('sh', ['-c', `command -v ${command}`]) !== null
