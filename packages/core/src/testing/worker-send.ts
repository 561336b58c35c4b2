/** The module of a worker that makes a tensor, sends it and ends, for exchange.test.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { arange } from '../index.ts'
import { Channel } from '../exchange.ts'

parentPort?.postMessage(new Channel(workerData as number).send(arange(10_000).view(100, 100)))
