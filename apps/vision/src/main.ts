/** npm run vision, npx flambeau-vision */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'
import { PredictError } from './predict.ts'

await runProgram('flambeau-vision', program, [PredictError])
