/** What command-line programs share: numbers as arguments, and errors as people want to read them. */
import { constants } from 'node:os'
import { FlambeauError, setDefaultDevice } from '@flambeau/core'
import { DivergedError } from '@flambeau/trainer'
import { Command, CommanderError, InvalidArgumentError } from 'commander'

/** Where a program's results go, a line or more at a time. */
export type Say = (text: string) => void

/**
 * Reads a whole number from `least` up, as commander's options ask for it.
 *
 * @returns A parser that throws InvalidArgumentError for other texts.
 */
export function count(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} up.`)
  }
}

/** Reads a number above 0. @throws {InvalidArgumentError} for other texts. */
export function positive(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('It must be a number above 0.')
}

/**
 * A program whose help goes to `say`, and which throws where commander would end the process. Its option
 * `--device` says where tensors are from then on, see {@link computeOn}.
 *
 * @param name As it stands in the help.
 */
export function command(name: string, say: Say): Command {
  return new Command(name)
    .exitOverride()
    .configureOutput({ writeOut: (text) => say(text.trimEnd()) })
    .option('--device <name>', 'where to compute: cpu, or cuda for an NVIDIA GPU', 'cpu')
    .hook('preAction', (program) => computeOn(program.opts<{ device: string }>().device))
}

/**
 * Makes a device the one on which tensors are made, and loads the package that brings it.
 *
 * @throws {DeviceError} if it is not there.
 */
export async function computeOn(device: string): Promise<void> {
  if (device.startsWith('cuda')) await import('@flambeau/cuda-backend').catch(ifInstalled)
  setDefaultDevice(device)
}

/** Without the package there is no such device, and core says what to install. */
function ifInstalled(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
}

/** Whoever reads the output has seen enough, as `head` has: the program ends, as programs of the shell do. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(128 + constants.signals.SIGPIPE)
}

/** Mistakes of a user, which get their message; anything else is ours and gets its stack. */
const EXPECTED = [FlambeauError, DivergedError]

type ErrorType = abstract new (...args: never[]) => Error

/**
 * Runs a program with the process's arguments, and sets its exit status.
 *
 * @param name Before the message of an error. @param program Made by {@link command}.
 * @param expected Errors beside flambeau's own whose message is enough. Default none.
 */
export async function runProgram(
  name: string,
  program: (say: Say) => Command,
  expected: readonly ErrorType[] = [],
): Promise<void> {
  process.stdout.off('error', endWithReader).on('error', endWithReader)
  try {
    await program((text) => void process.stdout.write(`${text}\n`)).parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode
      return
    }
    const isExpected =
      [...EXPECTED, ...expected].some((type) => error instanceof type) ||
      (error as NodeJS.ErrnoException).syscall !== undefined
    const { message, stack } = error as Error
    process.stderr.write(`${isExpected ? `${name}: ${message}` : stack}\n`)
    process.exitCode = 1
  }
}
