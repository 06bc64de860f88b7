#!/bin/sh
# sendmail: see lab/program.h for what these functions are.
