/** npm run text */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'

await runProgram('text', program)
