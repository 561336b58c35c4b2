/** Measures one workload in this process: node child.js '{"name": "mlp_mnist", …}'. */
import type { Request } from './protocol.ts'
import { answerMark } from './protocol.ts'
// Before anything that starts threads.
import './run-delay.ts'

const { answer } = await import('./answer.ts')
const request = JSON.parse(process.argv[2] ?? '') as Request
const cuda = request.device === 'cuda' ? await import('@flambeau/cuda-backend') : null
process.stdout.write(`${answerMark}${JSON.stringify(answer(request, cuda))}\n`)
