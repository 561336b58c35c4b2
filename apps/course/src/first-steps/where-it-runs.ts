/** Moves a model and its data to the best device, and asks each where it is. */
import { rand } from '@flambeau/core'
import { unavailableReason } from '@flambeau/cuda-backend'
import * as nn from '@flambeau/nn'
import { bestDevice } from '../devices.ts'

const device = bestDevice()
const net = new nn.Linear(4, 2).to(device)
const x = rand(3, 4).to(device)
// Mended: only y was moved, and x was looked at.
const y = net(x)

const [first] = net.parameters()
console.log('parameters:', first?.device)
console.log('data:', x.device, 'result:', y.device)
if (device === 'cpu') console.log('no GPU:', unavailableReason())
