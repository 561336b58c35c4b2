import { join } from 'node:path'
import { command } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import { setNumThreads } from '@flambeau/core'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { count } from '@flambeau/command-line'
import { groups, programs } from './programs.ts'
import { configure } from './settings.ts'

interface Options {
  readonly quick: boolean
  readonly out: string
  readonly threads?: number
}

/** The command line. @param say Where the list goes; programs print with `console.log`. */
export function program(say: Say): Command {
  return command('course', say)
    .description('A course of deep learning: runs one of its programs, or lists them.')
    .argument('[name]', 'the program', known)
    .option('--quick', 'little of it, to see that it runs', false)
    .option('--out <folder>', 'each program has a folder for its files here', 'runs/course')
    .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
    .action(async (name: string | undefined, { quick, out, threads }: Options) => {
      if (name === undefined) return say(list())
      if (threads !== undefined) setNumThreads(threads)
      configure({ quick, out: join(out, name) })
      await programs[name]?.run()
    })
}

/** @throws {InvalidArgumentError} for a name that no program has. */
function known(name: string): string {
  if (Object.hasOwn(programs, name)) return name
  throw new InvalidArgumentError('There is no such program; without a name, all are listed.')
}

/** All programs, in their groups. */
function list(): string {
  const width = Math.max(...Object.keys(programs).map((name) => name.length))
  const sections = groups.map(({ title, programs: own }) =>
    [
      title,
      ...Object.entries(own).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`),
    ].join('\n'),
  )
  return `${sections.join('\n\n')}\n\nnpm run course -- NAME runs one; npm run course -- --help has the flags.`
}
