/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { ones } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import * as nn from '@flambeau/nn'
import * as onnx from './index.ts'

const model = new nn.Sequential(new nn.Linear(4, 2), new nn.ReLU())
const imported = await onnx.importOnnx(await onnx.exportOnnx(model, [ones([2, 4])]))

export const subject: FuzzSubject = {
  api: onnx,
  objects: () => [
    model,
    nn.copyModule(imported),
    imported.graph,
    [ones([2, 4])],
    { inputs: [ones([2, 4])] },
  ],
  // What the file system throws says itself what is wrong with a path.
  accepts: (error) => (error as NodeJS.ErrnoException).syscall !== undefined,
  often: ['forward'],
  strings: ['x', 'model.onnx', 'input'],
}
