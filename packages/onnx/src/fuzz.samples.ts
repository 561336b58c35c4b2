/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { ones } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import * as nn from '@flambeau/nn'
import * as onnx from './index.ts'

export const subject: FuzzSubject = {
  api: onnx,
  objects: () => {
    const model = new nn.Sequential(new nn.Linear(4, 2), new nn.ReLU())
    return [model, [ones([2, 4])], { inputs: [ones([2, 4])] }]
  },
  except: {
    'new OnnxGraphView': 'is made by importOnnx()',
    'new OnnxModule': 'is made by importOnnx()',
  },
  // What the file system throws says itself what is wrong with a path.
  accepts: (error) => (error as NodeJS.ErrnoException).syscall !== undefined,
  // A hook that is a module, and calls the one that it hangs on, never ends.
  protects: ['registerForwardHook', 'registerForwardPreHook'],
  often: ['forward'],
  strings: ['x', 'model.onnx', 'input'],
}
