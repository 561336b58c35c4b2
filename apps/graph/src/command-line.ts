import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import type { Command } from 'commander'
import { Option } from 'commander'
import { classify, SETS } from './classify.ts'
import type { ClassifyOptions, SetName } from './classify.ts'
import { karate } from './karate.ts'
import type { KarateOptions } from './karate.ts'

/** The command line. @param say Where results go. */
export function program(say: Say): Command {
  const names = Object.keys(SETS) as SetName[]
  const shared = (one: Command): Command =>
    one
      .option('--out <folder>', 'folder of the results', 'runs/graph')
      .option('--seed <n>', 'seed of everything random', count(0), 0)
      .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
  const main = command('graph', say)
  main.description('Trains graph networks: on nodes of a real graph, and on graphs made by rules.')
  shared(main.command('all', { isDefault: true }))
    .description('the karate club, then every set of graphs')
    .action(async (options: { out: string; seed: number; threads?: number }) => {
      await karate({ ...options, ...CLUB }, say)
      for (const set of names) classify({ ...options, set, ...DEFAULTS }, say)
    })
  shared(main.command('karate'))
    .description('the factions of the karate club, from the labels of its two leaders')
    .option('--epochs <n>', 'steps of training', count(1), CLUB.epochs)
    .option('--lr <x>', 'learning rate', positive, CLUB.lr)
    .option('--frames <n>', 'pictures in the animation', count(2), CLUB.frames)
    .action(async (options: KarateOptions) => void (await karate(options, say)))
  shared(main.command('classify'))
    .description('graphs that are made by a known rule')
    .addOption(new Option('--set <name>', 'which rule').choices(names).default('motifs'))
    .option('--graphs <n>', 'how many to train on', count(8), DEFAULTS.graphs)
    .option('--epochs <n>', 'passes over them', count(1), DEFAULTS.epochs)
    .option('--lr <x>', 'learning rate', positive, DEFAULTS.lr)
    .action((options: ClassifyOptions) => void classify(options, say))
  return main
}

const CLUB = { epochs: 120, lr: 0.008, frames: 60 } as const

const DEFAULTS = { graphs: 600, epochs: 15, lr: 0.01 } as const
