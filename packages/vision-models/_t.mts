import * as m from './src/index.ts'
import * as nn from '@flambeau/nn'
console.log(Object.keys(m))
const any = m as never as Record<string, (...a: unknown[]) => nn.AnyModule>
for (const [name, shape, depth] of [['resnet18', [1, 3, 224, 224], 3], ['vitB16', [1, 3, 224, 224], 3], ['vit_b_16', [1, 3, 224, 224], 4], ['UNet', [1,3,64,64], 9]] as const) {
  const f = any[name]; if (!f) continue
  let net: nn.AnyModule
  try { net = f() } catch { net = new (f as never as new (...a: unknown[]) => nn.AnyModule)() }
  const t0 = performance.now()
  console.log(String(nn.summary(net, shape, { depth })).split('\n').slice(0, 60).join('\n'), performance.now() - t0)
}
