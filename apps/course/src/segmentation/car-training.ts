/** U-Net learns to cut out cars: augmentation, mixed precision, accuracy and Dice of each epoch. */
import { noGrad } from '@flambeau/autograd'
import { autocast, manualSeed } from '@flambeau/core'
import { Compose, HorizontalFlip, Normalize, Resize, Rotate, VerticalFlip } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam, GradScaler } from '@flambeau/optim'
import { linePlot, overlay } from '@flambeau/plot'
import { createProgress, formatLoss } from '@flambeau/trainer'
import { UNet } from '@flambeau/vision-models'
import { bestDevice } from '../devices.ts'
import { budget, outFile } from '../settings.ts'
import { drawCars, getLoaders } from './car-pictures.ts'

const device = bestDevice()
console.log('device:', device)
const large = device === 'cuda' // a processor gets fewer pictures, a smaller network, fewer epochs
const batchSize = large ? 16 : 4
const numEpochs = budget(large ? 50 : 10, 5)
const features = [1, 2, 4, 8].map((times) => times * budget(large ? 64 : 16, 8))
const size: [number, number] = [budget(160, 48), budget(240, 72)]

// Printed, so that a run can be repeated.
const seed = budget(Math.floor(1000 * Math.random()), 0)
console.log('seed:', seed)
manualSeed(seed)

const toShares = new Normalize([0, 0, 0], [1, 1, 1])
const transforms = {
  train: new Compose([
    new Resize(size),
    new Rotate(35, { p: 1 }),
    new HorizontalFlip(0.5),
    new VerticalFlip(0.1),
    toShares,
  ]),
  val: new Compose([new Resize(size), toShares]),
}
const counts = { train: budget(large ? 320 : 128, 40), val: budget(large ? 80 : 32, 8) }
const folders = await drawCars(outFile('cars'), counts, size)
const { trainLoader, valLoader } = getLoaders(folders, transforms, {
  batchSize,
  numWorkers: budget(2, 0),
})

const model = new UNet({ inChannels: 3, outChannels: 1, features }).to(device)
const lossFn = new nn.BCEWithLogitsLoss()
const optimizer = new Adam(model.parameters(), { lr: budget(large ? 1e-4 : 2e-3, 3e-3) })
// Half precision pays on a GPU; it needs the scaler for its small range.
const scaler = new GradScaler({ enabled: large })

async function train(label: string): Promise<number> {
  const progress = createProgress({ label, total: trainLoader.length, unit: 'batches' })
  let [total, done] = [0, 0]
  for await (const { image, mask } of trainLoader) {
    const target = mask.float().to(device)
    const loss = autocast({ enabled: large }, () => lossFn(model(image.to(device)), target))
    optimizer.zeroGrad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    total += loss.item()
    progress.update(++done, [`loss ${formatLoss(loss.item())}`])
  }
  progress.finish([`loss ${formatLoss(total / done)}`])
  return total / done
}

async function check(): Promise<{ accuracy: number; dice: number }> {
  model.eval()
  let [correct, pixels, dice] = [0, 0, 0]
  for await (const { image, mask } of valLoader) {
    const y = mask.float().to(device)
    const predicted = noGrad(() => model(image.to(device)).sigmoid().gt(0.5).float())
    correct += predicted.eq(y).sum().item()
    pixels += y.numel()
    dice += (2 * predicted.mul(y).sum().item()) / (predicted.add(y).sum().item() + 1e-8)
  }
  model.train()
  dice /= valLoader.length
  console.log(`got ${correct}/${pixels} with accuracy ${((100 * correct) / pixels).toFixed(2)}`)
  console.log(`Dice score: ${dice.toFixed(4)}`)
  return { accuracy: correct / pixels, dice }
}

const curves = { 'training loss': [], accuracy: [], dice: [] } as Record<string, number[]>
for (let epoch = 1; epoch <= numEpochs; epoch++) {
  console.log('epoch', epoch)
  curves['training loss']!.push(await train(`epoch ${epoch}/${numEpochs}`))
  const { accuracy, dice } = await check()
  curves['accuracy']!.push(accuracy)
  curves['dice']!.push(dice)
}
linePlot(curves, { xLabel: 'epoch' }).save(outFile('curves.png'))

model.eval()
const { image } = await valLoader.first()
const first = image.at(0)
const mask = noGrad(() => model(first.unsqueeze(0).to(device)).sigmoid().gt(0.5).to('cpu'))
overlay(first, { mask: mask.at(0, 0).long(), scale: 3 }).save(outFile('predicted.png'))
