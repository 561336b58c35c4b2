import { mkdirSync } from 'node:fs'
import { command, count } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import { setNumThreads } from '@flambeau/core'
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { adding } from './adding.ts'
import { copying } from './copying.ts'
import { forecasting } from './forecasting.ts'
import { gradients } from './gradients.ts'
import { tagging } from './tagging.ts'
import type { Result, TaskOptions } from './training.ts'

/** What can be shown, each on its own. */
const TASKS: Record<string, { does: string; run: (options: TaskOptions, say: Say) => Result[] }> = {
  copy: { does: 'symbols said again, and backwards: Seq2Seq, Transformer', run: copying },
  adding: { does: 'a sum of two far numbers: RNN, LSTM, TCN', run: adding },
  gradients: { does: 'how far back gradients reach: RNN, LSTM', run: gradients },
  tagging: { does: 'names in sentences: BiLSTM-CRF', run: tagging },
  forecast: { does: 'a day of a series, with knowledge of it: GRU', run: forecasting },
}

function share(text: string): number {
  const value = Number(text)
  if (value > 0 && value <= 1) return value
  throw new InvalidArgumentError('It must be a number above 0, at most 1.')
}

/** Results as a table in Markdown. */
function table(results: readonly Result[]): string {
  const lines = results.map(
    ({ task, model, figure, shown }) =>
      `| ${task} | ${model} | ${figure} | ${shown ? 'yes' : 'no'} |`,
  )
  return [
    '| task | model | result | as it should be |',
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}

/** The command line. @param say Where results go. */
export function program(say: Say): Command {
  const shared = (one: Command): Command =>
    one
      .option('--out <folder>', 'folder of the pictures', 'runs/sequence')
      .option('--seed <n>', 'seed of everything random', count(0), 0)
      .option('--effort <x>', 'share of the steps of training, for a quick look', share, 1)
      .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
  const main = command('sequence', say)
  main.description('Shows what sequence models learn, on tasks with known rules.')
  const run = (options: TaskOptions, names: readonly string[]): void => {
    if (options.threads !== undefined) setNumThreads(options.threads)
    mkdirSync(options.out, { recursive: true })
    const start = process.cpuUsage()
    const results = names.flatMap((name) => TASKS[name]?.run(options, say) ?? [])
    const { user, system } = process.cpuUsage(start)
    say(`\n${table(results)}`)
    say(
      `\n${((user + system) / 6e7).toFixed(1)} minutes of processor time; pictures in ${options.out}`,
    )
    if (results.some(({ shown }) => !shown)) say('not everything was shown')
  }
  shared(main.command('all', { isDefault: true }))
    .description('everything, and a table of it')
    .action((options: TaskOptions) => run(options, Object.keys(TASKS)))
  for (const [name, { does }] of Object.entries(TASKS)) {
    shared(main.command(name))
      .description(does)
      .action((options: TaskOptions) => run(options, [name]))
  }
  return main
}
