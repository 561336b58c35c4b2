import { FlambeauError } from '@flambeau/core'
import { boardProgram } from './program.ts'

try {
  await boardProgram((text) => void process.stdout.write(`${text}\n`)).parseAsync()
} catch (error) {
  const { message, stack } = error as Error
  const isExpected =
    error instanceof FlambeauError || (error as NodeJS.ErrnoException).syscall !== undefined
  process.stderr.write(`${isExpected ? `flambeau-board: ${message}` : stack}\n`)
  process.exitCode = 1
}
