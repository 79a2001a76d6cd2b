/** SHA-256 of every schema file the simulator validates with; a file that differs is refused. */
export const SCHEMA_SUMS: Readonly<Record<string, string>> = {
  'schemat_FA(2)_v1-0E.xsd': 'b8acb60f0692ac2b05ac40ffcb1929b4d68c12b3c486cac4322e1699796f6999',
  'schemat_FA(3)_v1-0E.xsd': 'b646b6b525f51adf1bb2545f111fc8ca6e7aa6dd2f98948f1667d3695c06d958',
  'schemat_FA_RR(1)_v1-1E.xsd': '3edf1c313bbb38d933ca73c0d054f72aa3b7ecba3bf2b9b57847269b4f290c45',
  'ElementarneTypyDanych_v10-0E.xsd': '8daf4d3771de200b26b697294cc906a2add3de9acfbbd97f4b1bd4fc0e5ecb2f',
  'KodyKrajow_v10-0E.xsd': '48be2a9f181d7ff80f185c62491ba12604c5cacbbe21af8e2aaaf2c585bbd214',
  'StrukturyDanych_v10-0E.xsd': 'cb08348374598e1e716e086c40d740390fb9e1bfa3aba1f4ec4cba0e1ef6d60f',
}
