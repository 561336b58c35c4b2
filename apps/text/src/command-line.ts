import { command, count, positive } from '@flambeau/command-line'
import type { Say } from '@flambeau/command-line'
import type { Command } from 'commander'
import { Option } from 'commander'
import { parse } from './parse.ts'
import type { ParseOptions } from './parse.ts'
import { MODELS, tokenize } from './tokenize.ts'
import type { TokenizeOptions } from './tokenize.ts'

/** The command line. @param say Where results go. */
export function program(say: Say): Command {
  const main = command('text', say)
  main.description('Parses sentences, and cuts texts into tokens.')
  main
    .command('parse', { isDefault: true })
    .description(
      'trains a tagger and a dependency parser on a treebank in CoNLL-U, and judges them',
    )
    .option('--train <file>', 'treebank to learn from (default: sentences of a small grammar)')
    .option('--test <file>', 'treebank to judge by (default: the last fifth of the other one)')
    .option('--sentences <n>', 'how many sentences the grammar makes', count(10), PARSE.sentences)
    .option('--epochs <n>', 'passes over the treebank', count(1), PARSE.epochs)
    .option('--lr <x>', 'learning rate', positive, PARSE.lr)
    .option('--size <n>', 'units of the LSTMs, of each direction', count(4), PARSE.size)
    .addOption(decoding())
    .option('--text <sentence>', 'a sentence to parse, with spaces between its words')
    .option('--out <folder>', 'folder of the results', PARSE.out)
    .option('--seed <n>', 'seed of everything random', count(0), 0)
    .option('--threads <n>', 'threads of one operation (default: the number of cores)', count(1))
    .action((options: ParseOptions) => void parse(options, say))
  main
    .command('tokenize [texts...]')
    .description('trains a tokenizer or reads one, and shows the tokens of texts')
    .option('--tokenizer <file>', 'a tokenizer.json to read')
    .option('--train <files...>', 'texts to train on')
    .addOption(new Option('--model <name>', 'what to train').choices(MODELS).default('bpe'))
    .option('--vocab-size <n>', 'the most tokens of what is trained', count(1), 8000)
    .option('--save <file>', 'where the tokenizer.json goes')
    .option('--speed <file>', 'encode this text for a few seconds, and say how fast that is')
    .action((texts: string[], options: TokenizeOptions) => tokenize(texts, options, say))
  return main
}

const decoding = (): Option =>
  new Option('--decoding <name>', 'best tree, or best head of each word')
    .choices(['mst', 'greedy'])
    .default('mst')

const PARSE = { sentences: 1500, epochs: 8, lr: 0.003, size: 64, out: 'runs/text' } as const
