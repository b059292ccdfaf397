"""A manuscript of an invented institute, as text comes out of a PDF, with the flaws such text has."""

LOOSE = """

MAY 14, 2025 (REPORTING PERIOD: APRIL 8 - MAY 5)

HALDIS

Northern Trades



CONTENTS

HALDIS TOP 3.....\t2
1. Ports first in line for shore power money.....\t2
2. Counting every crate: the customs union widens its registry.....\t3
3. Filling the yard: training two thousand welders....\t4
SHORT NEWS.....\t5
Rules\t5
Firms.....\t5

HALDIs TOP 3

1. Ports first in line for shore power money

At a glance: The Ministry of Ports and Inland Shipping (MPIS) released a plan for shore power. The document set targets for 2027, including:

- Equip 40 berths with shore power
- Train 300 harbour electricians in three regions

HALDIs comment: Ferries burn diesel at the quay, says the [ministry](#). The plan sets out who pays.

Small ports will wait, since [their grids are weak](#).

Article: Plan for Shore Power in Sea Ports (2025-2027) (港口岸电建设实施方案（2025-2027年）的通知) ([Link](#))

Issuing body: MPIS

Date: April 29, 2025

2. Counting every crate: the customs union widens its registry

At a glance: Three ministries led by the Ministry of Ports and Inland Shipping (MPIS) issued rules for the registry of crates. They call for two steps:

- Crates get a number
- Numbers get a reader

HALDIS comment: The registry has grown since 2019. It is the third attempt at counting crates.

More on the topic: [Crates and what is in them](#). Report by Åse Lind and Jörg Weiß.

Article: Rules for the “Registry” of Crates (港口部等三部门关于箱子登记的通知) ([Link](#))

Issuing bodies: MPIS, MOF, MLE

Date: April 9, 2025

3. Filling the yard: training two thousand welders

At a glance: The Ministry of Labour and Education (MOHRD) and five other public bodies issued a plan for welders. Targets include:

- Train 2,000 welders by 2028
- Pay apprentices from the first day

HALDIS comment: Yards look for welders. The plan is late, and [wages](#) are low.

Article: Notice on Training Welders (劳动部等五部门关于焊工培训的通知) ([Link](#))

Issuing bodies: MLE, MPIS, MOF, MOT, MIT

Date: May 2, 2025

SHORT NEWS

Rules

- *April 10:* The Council passed new rules for tugs; they enter into force on July 1, 2025 ([Council notice](#), [Harbour Post](#))
- *April 12:* Two agencies published a map of berths ([map](#))

April 20: The Council set up a fund for lightships, to be run from the capital ([Council notice](#))

- *April 30:* The pilots' union signed an agreement ([union](#))

Firms

- *April 11:* The yard Blue Anchor sold its dock in the south ([Harbour Post](#))
- *April 15:* The authority for competition approved a joint venture of two ferry lines, which plans new routes, including

12 night lines and 300 cabins by 2027 ([Harbour Post](#))

- *April 22:* Salt & Rope opened a plant for hawsers ([Rope News](#))

AUTHORS

Åse Lind
Analyst, HALDIS

EDITORS

Jörg Weiß
Head of Publications
and Translation, HALDIS

For more information, please contact:
desk@haldis.example

PUBLISHER

HALDIS | Institute for Northern Trades

Kaistrasse 7

24103 Kiel

www.haldis.example
"""
