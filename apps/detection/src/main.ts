/** npm run detect */
import { runProgram } from '@flambeau/command-line'
import { program } from './command-line.ts'

await runProgram('detect', program)
