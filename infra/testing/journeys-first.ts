import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Journeys take minutes and parts take moments: begun last, a journey would be waited for by idle cores. */
export class JourneysFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isJourney = ({ project }: TestSpecification) => project.name === 'journeys'
    return [...sorted.filter(isJourney), ...sorted.filter((file) => !isJourney(file))]
  }
}
