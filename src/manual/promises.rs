//! Which test holds which promise?
//!
//! Left, in its words, what the README says. Right, the tests that would fail if it were not so:
//! a file, and functions in it. A test reads this table: it fails on a promise without a row, on
//! words that the README does not have any more, and on a function that is gone.
//!
//! | promise | held by |
//! |---|---|
//! | A plan never consumes a Docker Hub pull. | `acceptance-tests/apply.rs` `plans_spend_no_pull` |
//! | What lands at the destination is byte-identical, or the apply fails. | `src/mirror/tests/copies.rs` `everything_below_the_root_arrives_byte_for_byte`, `acceptance-tests/oci_client.rs` `what_was_mirrored_reads_like_its_source`, `acceptance-tests/faults/source.rs` `a_layer_with_wrong_bytes` |
//! | A subset of `platforms` is the one exception, and shows as a different digest. | `acceptance-tests/platforms.rs` `several_platforms_are_the_same_new_index_everywhere_with_their_attestations` |
//! | A tag moves only after everything it needs is present and verified. | `src/mirror/tests/copies.rs` `the_first_tag_stores_the_root_and_comes_last`, `src/mirror/tests/properties.rs` `any_graph_with_any_faults_ends_complete_or_with_an_error`, `acceptance-tests/interrupts.rs` `killed_in_the_middle_of_a_layer` |
//! | Destroy removes at most the tags this resource put there, and only while they still show the image it put there. | `acceptance-tests/destroy.rs` `tags_of_others_and_the_images_they_show_stay`, `a_tag_that_somebody_moved_stays_whether_or_not_refresh_saw_it` |
//! | It never removes an image that another tag or index still uses, | `acceptance-tests/replace.rs` `an_instance_that_goes_leaves_the_image_to_those_with_other_tags`, `acceptance-tests/destroy.rs` `an_image_that_an_index_lists_stays` |
//! | nor one that another instance has just pushed in the same run. | `acceptance-tests/replace.rs` `an_image_that_one_instance_gives_up_while_another_takes_it_stays`, `a_replacement_in_either_order_leaves_the_image_in_place` |
//! | No credential is stored in state, plan or logs. | `acceptance-tests/secrets.rs` `secrets_are_in_no_state_no_plan_and_no_log`, `every_secret_of_a_run_is_found_where_it_is_planted` |
//! | Credentials go only to the exact origin they belong to. | `src/registry/tests/redirects.rs` `a_blob_is_read_behind_a_redirect_without_credentials`, `another_port_or_a_name_below_is_another_host`, `a_challenge_of_a_redirect_target_is_never_answered`, `src/registry/tests/auth.rs` `a_password_goes_to_the_token_service_and_never_to_the_registry` |
//! | Memory is bounded, whatever a layer weighs; | `acceptance-tests/faults/machine.rs` `less_memory_than_a_layer_has_bytes`, `src/mirror/tests/sharing.rs` `no_more_blobs_are_in_flight_than_allowed` |
//! | nothing is spooled to disk. | `acceptance-tests/faults/machine.rs` `a_disk_on_which_nothing_can_be_written` |
//! | A transient error never changes state. | `acceptance-tests/drift.rs` `an_outage_of_the_api_is_an_error_that_keeps_the_state`, `a_throttled_api_is_an_error_that_keeps_the_state`, `acceptance-tests/timeouts.rs` `a_refresh_that_takes_too_long_keeps_the_state` |
//! | Only a definite "not there" does. | `acceptance-tests/drift.rs` `an_image_without_its_only_tag_is_created_again`, `a_missing_permission_is_an_error_that_keeps_the_state` |
//! | The same content is read from Docker Hub once per apply, however many accounts, repositories or tags want it, | `acceptance-tests/role_sharing.rs` `two_hundred_instances_over_twenty_accounts_ask_aws_as_little_as_can_be`, `src/mirror/tests/sharing.rs` `twenty_accounts_with_one_image_cause_one_read_of_everything`, `sources_that_share_a_layer_are_asked_for_it_once` |
//! | as long as the copy that was made can be read. | `acceptance-tests/sharing.rs` `a_registry_that_does_not_serve_layers_costs_reads_and_nothing_else` |
//! | Nothing is written to an account other than the one expected. | `acceptance-tests/roles.rs` `nothing_is_written_to_an_account_that_the_lists_do_not_allow`, `an_identity_that_ends_in_another_account_changes_nothing_there`, `acceptance-tests/guards.rs` `an_import_of_what_is_in_another_account`, `a_role_that_leads_elsewhere`, `a_swapped_alias_of_the_provider`, `a_plan_that_is_applied_with_credentials_of_another_account`, `an_account_that_nobody_was_asked_about`, `a_role_that_only_the_apply_knows`, `src/aws/tests/guard.rs` `an_identity_without_account_fails_closed` |
//! | With `verify`, nothing is written before a signature by one of the signers was found for exactly the image that is copied. | `acceptance-tests/verify.rs` `an_unsigned_image_fails_before_its_repository_is_created`, `a_tag_that_moves_to_an_unsigned_image_leaves_the_signed_one_in_place`, `an_image_that_is_there_already_has_to_be_signed_as_well`, `acceptance-tests/keyless.rs` `an_image_counts_as_signed_when_one_of_the_identities_signed_it`, `another_instance_vouches_for_nobody` |
//! | apply [`examples/landing-zone`](examples/landing-zone) with two accounts | `acceptance-tests/apply.rs` `the_landing_zone_reads_each_manifest_and_blob_once_for_all_accounts_and_goes_away_whole` |
//! | The repository is created when it is missing. | `acceptance-tests/apply.rs` `a_new_repository_has_the_tags_of_the_provider_of_the_resource_and_ours` |
//! | its `assume_role`, `profile`, `endpoints` and account lists can be pasted | `acceptance-tests/interoperability/hashicorp_aws.rs` `both_providers_are_the_same_identity_and_share_a_repository` |
//! | takes the place of `account_role` | `acceptance-tests/roles.rs` `a_resource_goes_on_from_the_provider_over_roles_of_its_own` |
//! | A plan, and again its apply, assumes each role once, however many resources need it, | `acceptance-tests/role_sharing.rs` `two_hundred_instances_over_twenty_accounts_ask_aws_as_little_as_can_be` |
//! | and renews it before it expires. | `src/aws/tests/hops.rs` `credentials_are_renewed_before_they_end_and_from_the_first_hop_on`, `src/provider/faults/expiry.rs` `a_copy_outlives_every_credential_three_times_and_nobody_is_refused` |
//! | The permissions that the last role needs are listed | `acceptance-tests/permissions.rs` `the_permissions_that_are_listed_are_enough_and_all_of_them_are_used` |
//! | with policies of which no action can be left out | `acceptance-tests/landing_zone/least_privilege.rs` `each_action_of_the_publisher_role_is_needed_and_named_where_it_is_missing`, `each_way_into_an_account_is_enough_and_every_action_on_it_is_needed` |
//! | from the trust policies to the plan | `acceptance-tests/guides.rs` `what_the_guide_says_to_type_works_from_the_policies_to_the_closed_account`, `each_message_is_below_a_heading_that_is_its_summary` |
