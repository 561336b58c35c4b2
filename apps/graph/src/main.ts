/** npm run graph */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'

await runProgram('graph', program)
