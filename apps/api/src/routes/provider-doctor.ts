import { diagnoseProvider, readProviderFacts } from '@ksef-fleet/core'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type { ApiDependencies } from '../dependencies.ts'
import { DiagnosisView, viewDiagnosis } from '../views/diagnosis.ts'
import { answer, problems } from './documented.ts'

/** `/v1/doctor`: as that of a company, for what is the provider's own. */
export const providerDoctor =
  (deps: ApiDependencies): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/doctor',
      {
        schema: {
          tags: ['operations'],
          operationId: 'diagnoseProvider',
          summary:
            'What is wrong with the provider’s own credentials and webhooks and with KSeF itself, in plain words, and who must act.',
          response: { 200: answer('The worst first; never empty.', DiagnosisView), ...problems() },
        },
      },
      async () => {
        const facts = await readProviderFacts(deps)
        return viewDiagnosis(facts.now, diagnoseProvider(facts))
      },
    )
  }
