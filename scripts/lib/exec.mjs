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

/** Milliseconds for what a program printed last, after its end. */
const LAST_WORDS = 3000

/**
 * Runs a program for some seconds at most, and shows what it prints as it comes. What it has started
 * ends with it. Never rejects.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {number} seconds
 * @param {(output: string) => void} [onOutput] told of all that was printed so far
 * @returns {Promise<{ code: number | null, output: string }>} its exit status: null when the time was up, 127
 *   when it could not be started, -1 when a signal ended it
 */
export function runWithin(command, args, seconds, onOutput = () => {}) {
  return new Promise((resolve) => {
    /** @type {number | null} */
    let code = null
    let output = ''
    let isOver = false
    // A group of its own: else what it has started would go on.
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const finish = () => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // The group has ended.
      }
      resolve({ code, output })
    }
    const timer = setTimeout(finish, seconds * 1000)
    const take = (/** @type {string} */ text) => {
      if (isOver) return
      output += text
      process.stdout.write(text)
      onOutput(output)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    child.on('error', (error) => {
      output += `${error.message}\n`
      if (child.pid !== undefined) return
      code = 127
      finish()
    })
    child.on('exit', (status, signal) => {
      if (isOver) return
      code = status ?? -1
      if (signal !== null) output += `\n(ended by ${signal})`
      // A part of what it has started may hold its output open.
      child.once('close', finish)
      setTimeout(finish, LAST_WORDS)
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
