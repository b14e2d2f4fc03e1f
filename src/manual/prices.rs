//! What does it cost?
//!
//! In pulls, which Docker Hub counts, and in requests. The last column names tests that count; the
//! published page of the resource shows the rest. *M* is the number of manifests that an image has
//! below its index, *B* the number of its distinct layers and configurations, both as far as the
//! destination lacks them.
//!
//! | behaviour | with | pulls | requests to the source | requests to AWS and ECR Public | counted by |
//! |---|---|---|---|---|---|
//! | `unchanged`, in each plan | | none | 1 for each reference, and 1 for a token | 1 for each instance, 1 for each account | `acceptance-tests/requests.rs` `nothing_to_do`, `acceptance-tests/role_sharing.rs` `two_hundred_instances_over_twenty_accounts_ask_aws_as_little_as_can_be`, `acceptance-tests/follow.rs` `many_instances_of_one_reference_cost_one_look_per_run` |
//! | `unchanged`, and not followed | `follow_source = false` | none | none | the same | `acceptance-tests/follow.rs` `who_does_not_follow_does_not_ask` |
//! | `create` | `source = "acme/app:1.2"` | 1 + *M* | 1 for the tag, 1 + *M* for manifests, *B* for layers | 2 for each layer, 1 or 2 for each manifest, 4 for each tag, 2 for the repository | `acceptance-tests/requests.rs` `an_empty_destination`, `a_destination_that_has_one_image_of_the_index` |
//! | `create` of a Docker official image | `prefer_mirrors = true` in the provider block | none, if ECR Public has it | 1 for the tag | 1 + *M* + *B* more | `acceptance-tests/prefer_mirrors.rs` `fifty_official_images_are_mirrored_with_three_pulls_left` |
//! | `create` of one platform | `platforms = ["linux/amd64"]` | 2 | as above with *M* = 1 | as above | `acceptance-tests/prices.rs` `one_platform_is_two_pulls` |
//! | `create` of a signed image | `verify { public_keys = [file("cosign.pub")] }` | 1 more, whatever the number of accounts | 4 more: 2 for tag and digest, 1 for the signature's manifest, 1 for what was signed | as above | `acceptance-tests/verify.rs` `a_signed_image_is_copied_for_one_pull_more_however_many_accounts_want_it` |
//! | `create` of an image that is signed by a bundle | the same | 1 more; 2 more where the registry keeps no list of referrers | 5 or 7 more | as above | `acceptance-tests/verify.rs` `a_bundle_that_refers_to_the_image_counts`, `a_bundle_that_the_registry_lists_counts` |
//! | `create` of an image that is not signed | the same | none | up to 4 | none | `acceptance-tests/verify.rs` `an_unsigned_image_fails_before_its_repository_is_created` |
//! | `update` of `verify` | the same | 1 | 4 | none | `acceptance-tests/verify.rs` `a_key_that_is_added_later_is_checked_and_moves_nothing` |
//! | `create` of the same image in one more account, in the same apply | `account_id = each.key` | none | none | as for a `create`, and *B* reads of the first copy | `acceptance-tests/sharing.rs` `two_accounts_with_one_image_cause_one_read_of_everything` |
//! | `update` to where the tag has moved | `follow_source = true` | 1 + *M* | as for a `create` | as for a `create` | `acceptance-tests/prices.rs` `a_tag_that_moved_costs_what_is_new` |
//! | `update` of `image_tags` | `image_tags = ["17", "stable"]` | none | 1 | 3 for each new tag, 2 for each manifest | `acceptance-tests/requests.rs` `a_new_tag_on_an_old_root` |
//! | `create` when no pull is left | `pull_budget { reserve = 20 }` in the provider block | none | 1 before it fails; with `on_exhausted = "wait"` 1 in each minute | none | `src/provider/source/tests.rs` `none_left_is_an_error_without_a_read`, `who_waits_reads_as_soon_as_one_comes_back` |
//! | `clean up` after a tag has moved | `delete_superseded = true` | none | none | 6 for each image that goes, whatever is below its index | `acceptance-tests/prices.rs` `cleaning_up_costs_a_few_calls` |
//! | `ecrpublic_resync` when nothing is missing | | none | none | 1 for the repository, 1 for each tag, 1 + *M* for the manifests there are, 1 for a hundred layers | `acceptance-tests/protocol/actions.rs` `a_whole_image_costs_a_read_of_each_manifest_and_no_pull` |
//! | `destroy` | | none | none | 1; for an index 5, whatever is below it | `acceptance-tests/prices.rs` `a_destroy_costs_a_few_calls_and_its_repository_three_more`, `acceptance-tests/role_sharing.rs` `two_hundred_instances_over_twenty_accounts_ask_aws_as_little_as_can_be` |
//! | `destroy` with the repository | `delete_repository = true` | none | none | 3 more | `acceptance-tests/prices.rs` `a_destroy_costs_a_few_calls_and_its_repository_three_more` |
