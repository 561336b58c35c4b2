/** npm run graph */
import { FlambeauError } from '@flambeau/core'
import { FileWriteError } from '@flambeau/data'
import { CommanderError } from 'commander'
import { program } from './command-line.ts'

try {
  await program((text) => void process.stdout.write(`${text}\n`)).parseAsync()
} catch (error) {
  // A user's mistake gets its message; anything else is ours and gets its stack.
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else {
    const known = [FlambeauError, FileWriteError]
    const expected =
      known.some((type) => error instanceof type) ||
      (error as NodeJS.ErrnoException).syscall !== undefined
    const { message, stack } = error as Error
    process.stderr.write(`${expected ? `graph: ${message}` : stack}\n`)
    process.exitCode = 1
  }
}
