/** The models of checkpoints/models.py, with the same names of parameters. */
import type { Tensor } from '@flambeau/core'
import { arange, cat, full, randn, stack, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import type { Optimizer } from '@flambeau/optim'
import { Adam, AdamW, SGD } from '@flambeau/optim'

const { gelu, scaledDotProductAttention } = nn.functional

/** A model whose inputs are those of its file. */
export type Model = nn.Module<Tensor[]>

class ResidualBlock extends nn.Module {
  readonly conv1: nn.Conv2d
  readonly bn1: nn.BatchNorm2d
  readonly relu: nn.ReLU = new nn.ReLU({ inplace: true })
  readonly conv2: nn.Conv2d
  readonly bn2: nn.BatchNorm2d
  readonly downsample: nn.Sequential | null

  constructor(from: number, to: number, stride: number) {
    super()
    this.conv1 = new nn.Conv2d(from, to, 3, { stride, padding: 1, bias: false })
    this.bn1 = new nn.BatchNorm2d(to)
    this.conv2 = new nn.Conv2d(to, to, 3, { padding: 1, bias: false })
    this.bn2 = new nn.BatchNorm2d(to)
    const same = stride === 1 && from === to
    const shortcut = new nn.Conv2d(from, to, 1, { stride, bias: false })
    this.downsample = same ? null : new nn.Sequential(shortcut, new nn.BatchNorm2d(to))
  }

  override forward(x: Tensor): Tensor {
    const identity = this.downsample === null ? x : this.downsample(x)
    const y = this.bn2(this.conv2(this.relu(this.bn1(this.conv1(x)))))
    return this.relu(y.add(identity))
  }
}

function resnet18(widths: readonly number[], classes: number): nn.Sequential {
  let channels = widths[0] as number
  const blocks = widths.flatMap((width, i) => {
    const pair = [
      new ResidualBlock(channels, width, i === 0 ? 1 : 2),
      new ResidualBlock(width, width, 1),
    ]
    channels = width
    return pair
  })
  return new nn.Sequential(
    new nn.Conv2d(3, widths[0] as number, 7, { stride: 2, padding: 3, bias: false }),
    new nn.BatchNorm2d(widths[0] as number),
    new nn.ReLU({ inplace: true }),
    new nn.MaxPool2d(3, 2, 1),
    ...blocks,
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(channels, classes),
  )
}

function double(from: number, to: number): nn.Sequential {
  const half = (channels: number): nn.Module[] => [
    new nn.Conv2d(channels, to, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(to),
    new nn.ReLU({ inplace: true }),
  ]
  return new nn.Sequential(...half(from), ...half(to))
}

class UNet extends nn.Module {
  readonly downs: nn.ModuleList<nn.Sequential> = new nn.ModuleList()
  readonly ups: nn.ModuleList = new nn.ModuleList()
  readonly pool: nn.MaxPool2d = new nn.MaxPool2d(2, 2)
  readonly bottleneck: nn.Sequential
  readonly final: nn.Conv2d

  constructor(features: readonly number[]) {
    super()
    let channels = 3
    for (const out of features) {
      this.downs.append(double(channels, out))
      channels = out
    }
    this.bottleneck = double(channels, channels * 2)
    channels *= 2
    for (const out of features.toReversed()) {
      this.ups.append(new nn.ConvTranspose2d(channels, out, 2, 2))
      this.ups.append(double(out * 2, out))
      channels = out
    }
    this.final = new nn.Conv2d(channels, 1, 1)
  }

  override forward(input: Tensor): Tensor {
    let x = input
    const skips: Tensor[] = []
    for (const down of this.downs) {
      x = down(x)
      skips.push(x)
      x = this.pool(x)
    }
    x = this.bottleneck(x)
    const ups = [...this.ups]
    for (let i = 0; i < ups.length; i += 2) {
      x = cat([skips.pop() as Tensor, (ups[i] as nn.Module)(x)], 1)
      x = (ups[i + 1] as nn.Module)(x)
    }
    return this.final(x)
  }
}

class AttentionBlock extends nn.Module {
  readonly n1: nn.LayerNorm
  readonly n2: nn.LayerNorm
  readonly qkv: nn.Linear
  readonly proj: nn.Linear
  readonly fc1: nn.Linear
  readonly fc2: nn.Linear
  readonly #heads: number

  constructor(width: number, heads: number) {
    super()
    this.n1 = new nn.LayerNorm(width)
    this.n2 = new nn.LayerNorm(width)
    this.qkv = new nn.Linear(width, 3 * width)
    this.proj = new nn.Linear(width, width)
    this.fc1 = new nn.Linear(width, 4 * width)
    this.fc2 = new nn.Linear(4 * width, width)
    this.#heads = heads
  }

  override forward(x: Tensor): Tensor {
    const [batch, tokens, width] = x.shape as readonly [number, number, number]
    const [q, k, v] = this.qkv(this.n1(x))
      .view(batch, tokens, 3, this.#heads, width / this.#heads)
      .permute(2, 0, 3, 1, 4)
      .unbind() as [Tensor, Tensor, Tensor]
    const mixed = scaledDotProductAttention(q, k, v)
    const y = x.add(this.proj(mixed.transpose(1, 2).reshape(batch, tokens, width)))
    return y.add(this.fc2(gelu(this.fc1(this.n2(y)))))
  }
}

class VisionTransformer extends nn.Module {
  readonly embed: nn.Conv2d
  readonly cls: nn.Parameter
  readonly pos: nn.Parameter
  readonly blocks: nn.ModuleList<AttentionBlock>
  readonly norm: nn.LayerNorm
  readonly head: nn.Linear

  constructor(width: number) {
    super()
    this.embed = new nn.Conv2d(3, width, 4, 4)
    this.cls = new nn.Parameter(zeros([1, 1, width]))
    this.pos = new nn.Parameter(randn([1, 17, width]).mul(0.02))
    this.blocks = new nn.ModuleList([new AttentionBlock(width, 3), new AttentionBlock(width, 3)])
    this.norm = new nn.LayerNorm(width)
    this.head = new nn.Linear(width, 5)
  }

  override forward(image: Tensor): Tensor {
    const patches = this.embed(image).flatten(2).transpose(1, 2)
    let x = cat([this.cls.expand(patches.shape[0] as number, -1, -1), patches], 1).add(this.pos)
    for (const block of this.blocks) x = block(x)
    return this.head(this.norm(x).select(1, 0))
  }
}

class LanguageModel extends nn.Module {
  readonly emb: nn.Embedding = new nn.Embedding(20, 8)
  readonly rnn: nn.LSTM = new nn.LSTM(8, 12, { numLayers: 2, batchFirst: true })
  readonly out: nn.Linear = new nn.Linear(12, 20)

  override forward(tokens: Tensor): Tensor {
    return this.out(this.rnn(this.emb(tokens))[0])
  }
}

class Translator extends nn.Module<[source: Tensor, target: Tensor]> {
  readonly src: nn.Embedding = new nn.Embedding(16, 12)
  readonly tgt: nn.Embedding = new nn.Embedding(16, 12)
  declare readonly pe: Tensor
  readonly tr: nn.Transformer
  readonly out: nn.Linear = new nn.Linear(12, 16)
  declare readonly mask: Tensor

  constructor() {
    super()
    const rates = arange(0, 12, 2)
      .mul(-Math.log(10000) / 12)
      .exp()
    const angles = arange(6).unsqueeze(1).mul(rates)
    this.registerBuffer('pe', stack([angles.sin(), angles.cos()], 2).flatten(1))
    this.tr = new nn.Transformer({
      dModel: 12,
      nhead: 3,
      numEncoderLayers: 2,
      numDecoderLayers: 2,
      dimFeedforward: 24,
      dropout: 0,
      batchFirst: true,
    })
    this.registerBuffer('mask', full([6, 6], -Infinity).triu(1))
  }

  override forward(source: Tensor, target: Tensor): Tensor {
    const scale = Math.sqrt(12)
    const s = this.src(source).mul(scale).add(this.pe)
    const t = this.tgt(target).mul(scale).add(this.pe)
    return this.out(this.tr(s, t, { tgtMask: this.mask, tgtIsCausal: true }))
  }
}

/** How each model and its optimizer are made. */
export const models: Readonly<
  Record<string, { model: () => Model; optimizer: (params: Iterable<Tensor>) => Optimizer }>
> = {
  resnet18: {
    model: () => resnet18([3, 6, 12, 24], 5),
    optimizer: (params) => new SGD(params, { lr: 0.05, momentum: 0.9, weightDecay: 1e-3 }),
  },
  unet: {
    model: () => new UNet([3, 6, 9]),
    optimizer: (params) => new Adam(params, { lr: 1e-2 }),
  },
  vit: {
    model: () => new VisionTransformer(12),
    optimizer: (params) => new AdamW(params, { lr: 1e-2 }),
  },
  lstm: {
    model: () => new LanguageModel(),
    optimizer: (params) => new Adam(params, { lr: 1e-2, amsgrad: true }),
  },
  transformer: {
    model: () => new Translator(),
    optimizer: (params) => new SGD(params, { lr: 0.05, momentum: 0.9, nesterov: true }),
  },
}

/** One step towards outputs of mean 0.5; its loss. */
export function trainStep(model: Model, optimizer: Optimizer, inputs: readonly Tensor[]): number {
  model.train()
  optimizer.zeroGrad()
  const loss = model(...inputs)
    .sub(0.5)
    .square()
    .mean()
  loss.backward()
  optimizer.step()
  return loss.item()
}
