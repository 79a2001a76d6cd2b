import type { FaData } from '../forms/fa.ts'

export const isCorrection = ({ kind = 'VAT' }: FaData): boolean => kind.startsWith('KOR')
