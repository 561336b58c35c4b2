/** The problem of checkpoints/optimizers.py: the same options, losses and schedules. */
import type { Tensor } from '@flambeau/core'
import { tensor, zeros } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { AnyOptimizer, LRScheduler, Optimizer } from '@flambeau/optim'
import * as optim from '@flambeau/optim'

/** Options of every optimizer. */
export const optimizers: Readonly<Record<string, object>> = {
  SGD: { lr: 0.05, momentum: 0.9, weightDecay: 0.01 },
  Adam: { lr: 0.05, amsgrad: true },
  AdamW: { lr: 0.05 },
  NAdam: { lr: 0.05 },
  RAdam: { lr: 0.05 },
  Adamax: { lr: 0.05 },
  RMSprop: { lr: 0.02, momentum: 0.5, centered: true },
  Adagrad: { lr: 0.1, lrDecay: 0.1 },
  Adadelta: { lr: 0.5 },
  Adafactor: { lr: 0.05 },
  ASGD: { lr: 0.05, t0: 2, lambd: 0.1 },
  Rprop: { lr: 0.05 },
  Muon: { lr: 0.05 },
  LBFGS: { lr: 0.1, maxIter: 3, historySize: 4 },
}

/** Two parameters and their optimizer. */
export interface Problem {
  p: Tensor
  q: Tensor
  optimizer: Optimizer
}

/** The problem at its start, or at the given values. */
export function problem(name: string, values?: readonly Tensor[]): Problem {
  const start = [
    [1, -2, 0.5],
    [3, 0.25, -1.5],
  ]
  const p = tensor(start, { dtype: 'float32', requiresGrad: true })
  const q = tensor([0.5, -0.5], { requiresGrad: true })
  const type = (optim as Record<string, unknown>)[name] as new (
    params: Tensor[],
    options: object,
  ) => Optimizer
  const optimizer = new type(name === 'Muon' ? [p] : [p, q], optimizers[name] as object)
  if (values !== undefined) {
    noGrad(() => {
      p.copy_(values[0] as Tensor)
      q.copy_(values[1] as Tensor)
    })
  }
  return { p, q, optimizer }
}

/** The steps from `first` to before `end`. */
export function takeSteps({ p, q, optimizer }: Problem, first: number, end: number): void {
  for (let step = first; step < end; step++) {
    optimizer.step(() => {
      optimizer.zeroGrad()
      const own = p
        .mul(p)
        .mul(step + 1)
        .sum()
      const loss = own.add(p.select(0, 0).mul(q.select(0, 0)).sum()).add(q.pow(4).sum())
      loss.backward()
      return loss
    })
  }
}

/** How every scheduler is made. */
export const schedulers: Readonly<Record<string, (optimizer: AnyOptimizer) => LRScheduler>> = {
  StepLR: (o) => new optim.StepLR(o, 3, { gamma: 0.5 }),
  MultiStepLR: (o) => new optim.MultiStepLR(o, [2, 7, 7], { gamma: 0.5 }),
  ConstantLR: (o) => new optim.ConstantLR(o, { factor: 0.25, totalIters: 6 }),
  LinearLR: (o) => new optim.LinearLR(o, { startFactor: 0.1, totalIters: 8 }),
  ExponentialLR: (o) => new optim.ExponentialLR(o, 0.9),
  PolynomialLR: (o) => new optim.PolynomialLR(o, { totalIters: 9, power: 2 }),
  LambdaLR: (o) => new optim.LambdaLR(o, (epoch) => 0.9 ** epoch),
  MultiplicativeLR: (o) => new optim.MultiplicativeLR(o, () => 0.95),
  CosineAnnealingLR: (o) => new optim.CosineAnnealingLR(o, 7, { etaMin: 0.01 }),
  CosineAnnealingWarmRestarts: (o) => new optim.CosineAnnealingWarmRestarts(o, 3, { TMult: 2 }),
  CyclicLR: (o) => new optim.CyclicLR(o, 0.01, 0.2, { stepSizeUp: 3, mode: 'triangular2' }),
  OneCycleLR: (o) => new optim.OneCycleLR(o, 0.5, { totalSteps: 12 }),
  ReduceLROnPlateau: (o) => new optim.ReduceLROnPlateau(o, { factor: 0.5, patience: 1 }),
  SequentialLR: (o) =>
    new optim.SequentialLR(
      o,
      [new optim.LinearLR(o, { startFactor: 0.5, totalIters: 3 }), new optim.ExponentialLR(o, 0.8)],
      [4],
    ),
  ChainedScheduler: (o) =>
    new optim.ChainedScheduler([
      new optim.ConstantLR(o, { factor: 0.5, totalIters: 4 }),
      new optim.ExponentialLR(o, 0.9),
    ]),
}

const metrics = [1, 0.9, 0.95, 0.96, 0.97, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1]

/** An optimizer of two groups. */
export function scheduled(): optim.SGD {
  const groups = [
    { params: [zeros([2], { requiresGrad: true })], lr: 0.4 },
    { params: [zeros([3], { requiresGrad: true })], lr: 0.05 },
  ]
  return new optim.SGD(groups, { lr: 0.1, momentum: 0.7 })
}

/** Learning rates and momenta of the groups after each step from `first` to before `end`. */
export function advance(
  optimizer: optim.SGD,
  scheduler: LRScheduler,
  first: number,
  end: number,
): number[][][] {
  const curve: number[][][] = []
  for (let i = first; i < end; i++) {
    if (scheduler instanceof optim.ReduceLROnPlateau) scheduler.step(metrics[i])
    else scheduler.step()
    curve.push([
      optimizer.paramGroups.map(({ lr }) => lr),
      optimizer.paramGroups.map(({ momentum }) => momentum),
    ])
  }
  return curve
}
