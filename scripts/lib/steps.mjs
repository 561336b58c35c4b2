/**
 * @typedef {import('./exec.mjs').Result} Result
 * @typedef {(text: string) => void} Progress shows how far a step is, where someone is watching
 */

/** A step of the set-up that cannot go on, with its cause and what to do about it. */
export class StepError extends Error {
  /**
   * @param {string} cause what went wrong; a tool's output may follow in further lines
   * @param {string} fix what the reader can do
   */
  constructor(cause, fix) {
    super(cause)
    this.name = 'StepError'
    this.fix = fix
  }
}

/**
 * The last lines of a tool's output: where the cause stands.
 *
 * @param {string} output
 * @param {number} [lines]
 */
export const tail = (output, lines = 20) => output.trimEnd().split('\n').slice(-lines).join('\n')

/**
 * @param {Result} result
 * @param {string} cause what it means when the tool failed
 * @param {string} fix
 */
export function requireSuccess(result, cause, fix) {
  if (result.code !== 0) {
    throw new StepError(`${cause} (exit ${result.code})\n${tail(result.output)}`, fix)
  }
}

/**
 * Runs named steps one after another and prints one line for each that had something to do. A step
 * returns what it did, or null when it found everything up to date; a terminal also shows the step at
 * work, with what it says of its progress.
 *
 * @param {string} title
 * @param {{ name: string, run: (progress: Progress) => Promise<string | null> | string | null }[]} steps
 * @param {{ verbose: boolean }} options
 * @returns {Promise<void>} rejects with the StepError of the first step that failed, named in its message
 */
export async function runSteps(title, steps, { verbose }) {
  const { stderr } = process
  const width = Math.max(...steps.map((step) => step.name.length))
  const began = performance.now()
  let worked = false
  for (const step of steps) {
    const start = performance.now()
    const label = `  ${step.name.padEnd(width)}  `
    const live = stderr.isTTY && !verbose
    const progress = (/** @type {string} */ text) => {
      if (live) stderr.write(`${eraseLine}${label}${text}`)
    }
    progress('…')
    try {
      const did = await step.run(progress)
      if (live) stderr.write(eraseLine)
      if (did !== null || verbose)
        stderr.write(`${label}${did ?? 'up to date'}  ${seconds(start)}\n`)
      worked ||= did !== null
    } catch (error) {
      if (live) stderr.write(eraseLine)
      if (!(error instanceof StepError)) throw error
      throw new StepError(`${title} stopped at "${step.name}": ${error.message}`, error.fix)
    }
  }
  if (worked || verbose) stderr.write(`  ${title} took ${seconds(began)}\n`)
}

const eraseLine = '\r\u001b[K'

/**
 * Runs a script's main function; a StepError ends it with a readable message and exit status 1.
 *
 * @param {() => Promise<number>} main
 */
export async function runMain(main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof StepError)) throw error
    process.stderr.write(`\n${error.message}\n\nfix: ${error.fix}\n`)
    process.exitCode = 1
  }
}

/** @param {number} start from performance.now() */
export const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`
