/** Models that are asked, without gradients. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { cat, rand, randint, tensor, zeros } from '@flambeau/core'
import { GPT, RecurrentLanguageModel } from '@flambeau/sequence-models'
import type { Workload } from '../workload.ts'
import { infer } from '../workload.ts'
import { resnet18 } from './models/resnet.ts'
import { UNet } from './models/unet.ts'

export const inference: readonly Workload[] = [
  infer('infer_resnet18_224', 'ResNet-18, 1×3×224×224 to 1000 classes', 40, () => {
    const x = rand([1, 3, 224, 224])
    const model = resnet18(1000, 'large').eval()
    const step = (): Tensor => noGrad(() => model(x))
    return { step, check: () => [step()] }
  }),
  infer('infer_unet', 'the U-Net of unet_carvana, 1×3×160×240', 12, () => {
    const x = rand([1, 3, 160, 240])
    const model = new UNet().eval()
    const step = (): Tensor => noGrad(() => model(x))
    return { step, check: () => [step()] }
  }),
  infer('infer_lstm_step', 'one token through the model of lstm_lm', 200, () => {
    const start = randint(8000, [1, 1])
    const model = new RecurrentLanguageModel({ vocabSize: 8000 }).eval()
    let x = start
    let state: [Tensor, Tensor] = [zeros([2, 1, 512]), zeros([2, 1, 512])]
    const step = (): number =>
      noGrad(() => {
        const [logits, next] = model(x, state)
        x = logits.select(1, -1).argmax(-1, true)
        state = next as [Tensor, Tensor]
        return x.item()
      })
    const check = (): Tensor[] => {
      x = start
      state = [zeros([2, 1, 512]), zeros([2, 1, 512])]
      const written = Array.from({ length: 40 }, step)
      return [tensor(written), ...state]
    }
    return { step, check }
  }),
  infer('infer_gpt_decode_256', 'GPT of 6 layers, width 384, writes 256 tokens', 6, () => {
    const model = new GPT({ vocabSize: 65 }).eval()
    const cache = model.cache()
    const step = (): Tensor =>
      noGrad(() => {
        cache.reset()
        let x = zeros([1, 1], { dtype: 'int64' })
        const out = [x]
        for (let i = 0; i < 255; i++) {
          x = model(x, cache).select(1, -1).argmax(-1, true)
          out.push(x)
          x.item()
        }
        return cat(out, 1)
      })
    return { step, check: () => [step()] }
  }),
]
