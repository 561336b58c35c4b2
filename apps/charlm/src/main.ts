/** npm run charlm */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'

await runProgram('charlm', program)
