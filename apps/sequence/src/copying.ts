/** Symbols that are said again, or backwards. */
import { manualSeed } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import type { AnyModule } from '@flambeau/nn'
import type { CopyBatch } from '@flambeau/sequence-models'
import { copyProblem, Seq2Seq, sequenceLoss, TransformerSeq2Seq } from '@flambeau/sequence-models'
import type { Result, Say, TaskOptions } from './training.ts'
import { percent, stepsOf, train } from './training.ts'

const SYMBOLS = 10
const LENGTHS = { minLength: 4, maxLength: 12 } as const
const VOCAB = SYMBOLS + 3
const ENDS = { bosToken: 1, eosToken: 2, maxLength: LENGTHS.maxLength + 1 } as const

interface Contender {
  readonly module: AnyModule
  readonly lr: number
  readonly steps: number
  logits(batch: CopyBatch): Tensor
  answer(src: Tensor): Tensor
}

const contenders: Record<string, () => Contender> = {
  Seq2Seq: () => {
    const module = new Seq2Seq({
      srcVocabSize: VOCAB,
      tgtVocabSize: VOCAB,
      embeddingDim: 32,
      hiddenSize: 64,
      bidirectional: true,
    })
    return {
      module,
      lr: 5e-3,
      steps: 1500,
      logits: ({ src, inputs }) => module(src, inputs, { srcMask: src.ne(0) }),
      answer: (src) => module.greedy(src, ENDS, src.ne(0)),
    }
  },
  Transformer: () => {
    const module = new TransformerSeq2Seq({
      srcVocabSize: VOCAB,
      dModel: 64,
      nhead: 4,
      numEncoderLayers: 2,
      numDecoderLayers: 2,
      dimFeedforward: 128,
      dropout: 0,
      maxLength: LENGTHS.maxLength + 2,
      positions: 'learned',
      normFirst: true,
    })
    return {
      module,
      lr: 2e-3,
      steps: 1500,
      logits: ({ src, inputs }) => module(src, inputs, { srcKeyPaddingMask: src.eq(0) }),
      answer: (src) => module.greedy(src, ENDS, src.eq(0)),
    }
  },
}

/** The share of sequences that are answered without a mistake, their end included. */
function solved(answers: Tensor, outputs: Tensor): number {
  // Shorter if all have ended before; what is behind an end counts no more.
  const steps = answers.shape[1] as number
  const wanted = outputs.narrow(1, 0, steps)
  const right = answers.eq(wanted).logicalOr(wanted.eq(0)).all(1)
  const isWhole = outputs
    .narrow(1, steps, (outputs.shape[1] as number) - steps)
    .eq(0)
    .all(1)
  return right.logicalAnd(isWhole).float().mean().item()
}

/** Each model on each of the two tasks: the share of 1,000 new sequences that are right. */
export function copying({ seed, effort }: TaskOptions, say: Say): Result[] {
  const results: Result[] = []
  for (const reverse of [false, true]) {
    const task = reverse ? 'reversal' : 'copy'
    for (const [model, make] of Object.entries(contenders)) {
      manualSeed(seed)
      const one = make()
      const draw = (rows: number): CopyBatch =>
        copyProblem({ rows, symbols: SYMBOLS, ...LENGTHS, reverse })
      train(one.module, one.lr, stepsOf(one.steps, effort), () => {
        const batch = draw(64)
        return sequenceLoss(one.logits(batch), batch.outputs, { padToken: 0 })
      })
      const unseen = draw(1000)
      const share = solved(one.answer(unseen.src), unseen.outputs)
      results.push({ task, model, figure: percent(share), shown: share >= 0.99 })
      say(`${task}: ${model} solves ${percent(share)} of 1,000 new sequences`)
    }
  }
  return results
}
