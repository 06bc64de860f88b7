#!/bin/sh
# opensmtpd: see lab/program.h for what these functions are.
