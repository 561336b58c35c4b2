/** Makes GPUs known to core. Importing this file does it. */
import { registerDevice } from '@flambeau/core/internal'
import { unavailableReason } from './device.ts'
import { addon, gpus } from './native.ts'

registerDevice({
  name: 'cuda',
  package: '@flambeau/cuda-backend',
  external: gpus > 0 && addon !== null ? addon.device() : null,
  count: gpus,
  reason: unavailableReason(),
  current: () => addon?.currentDevice() ?? 0,
})
