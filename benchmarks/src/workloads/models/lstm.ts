/** A language model of two LSTM layers. */
import type { Tensor } from '@flambeau/core'
import type { LSTMState } from '@flambeau/nn'
import * as nn from '@flambeau/nn'

type Output = readonly [logits: Tensor, state: LSTMState]

/** Tokens [N, T] to logits [N, T, 8000] and the state after the last. */
export class LstmModel extends nn.Module<[tokens: Tensor, state?: LSTMState | null], Output> {
  readonly emb: nn.Embedding = new nn.Embedding(8000, 256)
  readonly rnn: nn.LSTM = new nn.LSTM(256, 512, { numLayers: 2, batchFirst: true })
  readonly out: nn.Linear = new nn.Linear(512, 8000)

  override forward(tokens: Tensor, state: LSTMState | null = null): Output {
    const [y, next] = this.rnn(this.emb(tokens), state)
    return [this.out(y), next]
  }
}
