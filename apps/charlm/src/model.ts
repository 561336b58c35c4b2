/** The two models, behind a common face. */
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { cat, tensor, ValueError } from '@flambeau/core'
import { FormatError, loadSafetensors } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import type { SamplingOptions } from '@flambeau/sequence-models'
import { GPT, RecurrentLanguageModel, Vocabulary } from '@flambeau/sequence-models'
import { UNKNOWN } from './text.ts'

/** What can be trained. */
export const KINDS = ['gpt', 'lstm'] as const
export type Kind = (typeof KINDS)[number]

export interface Sizes {
  readonly kind: Kind
  /** Width of the GPT, or of the LSTM's state. */
  readonly width: number
  /** Blocks, or recurrent layers. */
  readonly depth: number
  /** Characters that a training step sees before each other. */
  readonly context: number
  readonly dropout: number
}

/** A model of characters. */
export interface CharacterModel {
  readonly module: nn.AnyModule
  /** `[N, T]` -> scores of each next character, `[N, T, V]`. */
  logits(tokens: Tensor): Tensor
  /** A text `[1, T]` -> the same with `count` characters more. */
  continue(prompt: Tensor, count: number, options: SamplingOptions): Tensor
}

export function build(sizes: Sizes, vocabSize: number): CharacterModel {
  const { kind, width, depth, context, dropout } = sizes
  if (kind === 'lstm') {
    const module = new RecurrentLanguageModel({
      vocabSize,
      kind: 'lstm',
      embeddingDim: Math.max(8, Math.floor(width / 4)),
      hiddenSize: width,
      numLayers: depth,
      dropout,
    })
    return {
      module,
      logits: (tokens) => module(tokens)[0],
      continue: (prompt, count, options) => module.generate(prompt, count, options),
    }
  }
  const heads = Math.max(1, Math.round(width / 32))
  const module = new GPT({ vocabSize, dim: width, depth, heads, contextLength: context, dropout })
  // As GPT-2 begins: with PyTorch's large embeddings it learns more slowly.
  for (const parameter of module.parameters()) {
    if (parameter.ndim > 1) nn.init.normal_(parameter, 0, 0.02)
  }
  return {
    module,
    logits: (tokens) => module(tokens),
    continue: (prompt, count, options) => {
      // What the GPT cannot see any more is left out; then it goes on from the last half.
      let text = prompt
      for (let left = count; left > 0;) {
        const seen = Math.min(text.shape[1] as number, Math.ceil(context / 2))
        const given = text.narrow(1, (text.shape[1] as number) - seen, seen)
        const more = Math.min(left, context - seen)
        text = cat([text, module.generate(given, more, options).narrow(1, seen, more)], 1)
        left -= more
      }
      return text
    },
  }
}

/** A text that a model goes on with. @throws {ValueError} for an empty beginning. */
export function write(
  model: CharacterModel,
  alphabet: Vocabulary,
  beginning: string,
  count: number,
  options: SamplingOptions,
): string {
  if (beginning === '') {
    throw new ValueError('charlm', [], 'the prompt is empty', 'begin with a letter at least')
  }
  const wasTraining = model.module.training
  model.module.eval()
  const prompt = tensor([alphabet.encode(beginning)], { dtype: 'int64' })
  const [ids] = model.continue(prompt, count, options).tolist() as number[][]
  model.module.train(wasTraining)
  return alphabet.decode(ids as number[]).join('')
}

/** What model.safetensors says of itself. */
export function describe(
  { kind, width, depth, context, dropout }: Sizes,
  alphabet: Vocabulary,
): Record<string, string> {
  const sizes: Sizes = { kind, width, depth, context, dropout }
  return { sizes: JSON.stringify(sizes), alphabet: JSON.stringify(alphabet.tokens) }
}

/** The model that a training left in a folder. @throws {FormatError} for another file. */
export function load(folder: string): { model: CharacterModel; alphabet: Vocabulary } {
  const path = join(folder, 'model.safetensors')
  const { tensors, metadata } = loadSafetensors(path)
  const { sizes, alphabet } = metadata
  if (sizes === undefined || alphabet === undefined) {
    throw new FormatError({
      format: 'model',
      path,
      reason: 'it does not say its sizes and its alphabet',
      fix: 'train one: npm run charlm',
    })
  }
  const vocabulary = new Vocabulary(JSON.parse(alphabet) as string[], UNKNOWN)
  const model = build(JSON.parse(sizes) as Sizes, vocabulary.size)
  model.module.loadStateDict(tensors)
  return { model, alphabet: vocabulary }
}
