/* good.h - a scenario without mistakes, for tests that break it in one place. */
#ifndef TESTS_UNIT_SCENARIO_GOOD_H
#define TESTS_UNIT_SCENARIO_GOOD_H

static const char good[] = "scenario: a\n"					/* 1 */
			   "title: T\n"						/* 2 */
			   "group: edges\n"					/* 3 */
			   "source: RFC 5321 5.1\n"				/* 4 */
			   "servers:\n"						/* 5 */
			   "  - zone: shop.example\n"				/* 6 */
			   "    at: 192.0.2.53\n"				/* 7 */
			   "    data: |\n"					/* 8 */
			   "      $TTL 300\n"					/* 9 */
			   "      @ SOA ns1 host 1 2 3 4 5\n"			/* 10 */
			   "      @ NS ns1\n"					/* 11 */
			   "      ns1 A 192.0.2.53\n"				/* 12 */
			   "      c MX 10 mail\n"				/* 13 */
			   "      mail A 192.0.2.25\n"				/* 14 */
			   "hosts:\n"						/* 15 */
			   "  - name: mail.shop.example\n"			/* 16 */
			   "    smtp: {}\n"					/* 17 */
			   "addresses:\n"					/* 18 */
			   "  - address: u@c.shop.example\n"			/* 19 */
			   "    intended: mail.shop.example\n"			/* 20 */
			   "    expect:\n"					/* 21 */
			   "      - { clients: postfix, verdict: delivered }\n" /* 22 */
			   "      - { clients: sendmail, verdict: bounced }\n"; /* 23 */

#endif
