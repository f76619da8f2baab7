/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dashboard_page.S - the page that the web project in dashboard/ makes, as bytes of the
 * library.  MS_DASHBOARD is its path; the file is empty where there is no npm.
 */
	.section .rodata
	.globl	ms_dashboard_page
	.type	ms_dashboard_page, @object
ms_dashboard_page:
	.incbin	MS_DASHBOARD
	.size	ms_dashboard_page, . - ms_dashboard_page
	.globl	ms_dashboard_page_end
	.type	ms_dashboard_page_end, @object
ms_dashboard_page_end:
	.byte	0
	.size	ms_dashboard_page_end, 1
	.section .note.GNU-stack, "", %progbits
